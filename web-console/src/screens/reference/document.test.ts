import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { curl } from './curl';
import { type Document, exampleOf, fieldsOf, grouped, operationsOf, typeOf } from './document';

const document: Document = {
  paths: {
    '/v1/chains/{name}': {
      put: {
        operationId: 'chain_put',
        tags: ['chains'],
        summary: 'Make a chain.',
        parameters: [{ name: 'name', in: 'path', required: true }],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Chain' } } } },
        responses: { '200': { description: 'Done' } },
        'x-entente-roles': ['owner'],
        'x-entente-scope': 'chains:write',
      },
    },
    '/v1/version': { get: { operationId: 'version_get', tags: ['platform'], summary: 'Read it.' } },
  },
  components: {
    schemas: {
      Chain: {
        allOf: [
          { $ref: '#/components/schemas/Named' },
          { properties: { parent: { oneOf: [{ $ref: '#/components/schemas/Chain' }, { type: 'null' }] } } },
        ],
      },
      Named: { properties: { name: { type: 'string', example: "the bank's" } }, required: ['name'] },
    },
  },
};
const schemas = document.components?.schemas ?? {};
const [put, version] = operationsOf(document);
if (!put || !version) throw new Error('the document has two operations');

test('operations are found by every word, and stay with their tag', () => {
  expect(grouped([put, version], 'PUT chains:write')).toEqual([['chains', [put]]]);
  expect(grouped([put, version], '').map(([tag]) => tag)).toEqual(['chains', 'platform']);
});

test('a type that is made of parts, and holds itself, has an example that ends', () => {
  if (!put.body?.schema) throw new Error('it has a body');

  const fields = fieldsOf(put.body.schema, schemas);

  expect(fields.map(({ name, schema, required }) => [name, typeOf(schema), required])).toEqual([
    ['name', 'string', true],
    ['parent', 'Chain', false],
  ]);
  expect(exampleOf(put.body, schemas)).toEqual({ name: "the bank's", parent: {} });
});

test('the request for a terminal is quoted for a shell', () => {
  expect(curl(put, 'https://here', { ...schemas, Chain: { example: { name: "the bank's" } } })).toBe(
    [
      "curl -sS -X PUT 'https://here/v1/chains/NAME' \\",
      '  -H "Authorization: Bearer $ENTENTE_TOKEN" \\',
      "  -H 'Content-Type: application/json' \\",
      `  -d '{\n  "name": "the bank'\\''s"\n}'`,
    ].join('\n'),
  );
});

test("every operation of the platform's own document has a summary, a tag and a request for a terminal", () => {
  const text = readFileSync(new URL('../../../../api/openapi.json', import.meta.url), 'utf8');
  const own: Document = JSON.parse(text);
  const operations = operationsOf(own);

  const poor = operations.filter(
    (each) => !each.summary || !each.tag || !curl(each, '', own.components?.schemas ?? {}).startsWith('curl'),
  );

  expect(operations.length).toBeGreaterThan(100);
  expect(poor).toEqual([]);
});
