// Revokes an identity: node revoke.mjs ENROLLMENT-ID
import { enroll, services, settings } from './authority.mjs';

const ca = services();
const registrar = await enroll(ca, settings.id, settings.secret);
await ca.revoke({ enrollmentID: process.argv[2], reason: 'keycompromise' }, registrar);
