// Writes what webhooks can be told about, as the API's document tells it: so that what the platform learns to tell can be chosen.
import { readFileSync, writeFileSync } from 'node:fs';

const { components } = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8'));
const types = components.schemas.NewWebhook.properties.events.items.enum;
if (!Array.isArray(types)) throw new Error('api/openapi.json names no types of events: look at NewWebhook');
writeFileSync(
  new URL('../src/api/eventTypes.ts', import.meta.url),
  `/** Made by scripts/events.mjs from api/openapi.json. */\nexport const EVENT_TYPES = ${JSON.stringify(types)} as const;\n`,
);
