// Writes which roles hold which scope, as the API's document tells it: so that the console can say who may grant what.
import { readFileSync, writeFileSync } from 'node:fs';

const { paths } = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8'));
const roles = {};
for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
  const scope = operation?.['x-entente-scope'];
  if (scope) roles[scope] = operation['x-entente-roles'] ?? [];
}
const sorted = Object.fromEntries(Object.entries(roles).sort());
writeFileSync(
  new URL('../src/api/permissions.ts', import.meta.url),
  `/** Made by scripts/permissions.mjs from api/openapi.json. */\nexport const ROLES_OF_SCOPE: Record<string, string[]> = ${JSON.stringify(sorted, null, 2)};\n`,
);
