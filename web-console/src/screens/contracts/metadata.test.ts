import { expect, test } from 'vitest';
import { argumentsOf, functionsOf, type Parameter, WrongArgument } from './metadata';

const parameter = (name: string, type = 'string', isRequired = true): Parameter => ({
  name,
  description: undefined,
  isRequired,
  type,
});

test('functions of the default contract go by their own names, those of others by the name of theirs', () => {
  const metadata = {
    contracts: {
      asset: {
        contractInstance: { default: true },
        transactions: [
          {
            name: 'Create',
            tag: ['submitTx'],
            parameters: [
              { name: 'id', schema: { type: 'string', description: 'Its id.' } },
              { name: 'note', required: false, schema: { type: ['string', 'null'] } },
            ],
          },
        ],
      },
      audit: { transactions: [{ name: 'List', tag: ['evaluate'] }] },
      'org.hyperledger.fabric': { transactions: [{ name: 'GetMetadata' }] },
    },
  };

  expect(functionsOf(metadata)).toEqual([
    {
      name: 'Create',
      description: undefined,
      isSubmit: true,
      parameters: [
        { name: 'id', description: 'Its id.', isRequired: true, type: 'string' },
        { name: 'note', description: undefined, isRequired: false, type: 'string' },
      ],
    },
    { name: 'audit:List', description: undefined, isSubmit: false, parameters: [] },
  ]);
});

test('what is no metadata names no functions', () => {
  expect(functionsOf('pong')).toBeUndefined();
  expect(functionsOf({ contracts: [] })).toBeUndefined();
});

test('strings go as they are, everything else as JSON', () => {
  const parameters = [parameter('id'), parameter('amount', 'integer'), parameter('tags', 'array')];

  expect(argumentsOf(parameters, { id: '7', amount: '7', tags: '["a"]' })).toEqual(['7', 7, ['a']]);
});

test('optional arguments at the end are left out, and one in between turns them into names', () => {
  const parameters = [
    parameter('id'),
    parameter('note', 'string', false),
    parameter('owner', 'string', false),
  ];

  expect(argumentsOf(parameters, { id: 'a' })).toEqual(['a']);
  expect(argumentsOf(parameters, { id: 'a', owner: 'li' })).toEqual([{ id: 'a', owner: 'li' }]);
});

test('a number that is none is named', () => {
  expect(() => argumentsOf([parameter('amount', 'number')], { amount: 'much' })).toThrow(
    new WrongArgument('amount'),
  );
});
