/**
 * What a contract says about itself: Fabric's contract metadata, as the contract APIs of every language answer it
 * to `org.hyperledger.fabric:GetMetadata`.
 */

/** The function that answers the metadata. */
export const GET_METADATA = 'org.hyperledger.fabric:GetMetadata';

export type Parameter = {
  name: string;
  description: string | undefined;
  isRequired: boolean;
  /** JSON Schema type, such as `string`; `any` where the contract does not say. */
  type: string;
  /** A value that its schema gives, as one would write it. */
  example?: string;
};

export type ContractFunction = {
  /** As it is called, with the name of its contract where that is not the default one. */
  name: string;
  description: string | undefined;
  /** Whether it changes the ledger, as far as the contract says so. */
  isSubmit: boolean;
  parameters: Parameter[];
};

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

function typeOf(schema: unknown): string {
  if (!isObject(schema)) return 'any';
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'null');
  return types.length === 1 ? (text(types[0]) ?? 'any') : 'any';
}

function exampleIn(schema: unknown): { example?: string } {
  if (!isObject(schema)) return {};
  const [first] = [schema.examples, schema.enum].filter(Array.isArray).flat();
  const value = schema.example ?? first ?? schema.default;
  if (value == null) return {};
  return { example: typeof value === 'string' ? value : JSON.stringify(value) };
}

function parameter(value: Json): Parameter {
  return {
    name: text(value.name) ?? '?',
    description:
      text(value.description) ?? (isObject(value.schema) ? text(value.schema.description) : undefined),
    isRequired: value.required !== false,
    type: typeOf(value.schema),
    ...exampleIn(value.schema),
  };
}

/** The functions that metadata names; `undefined` when it is no contract metadata. */
export function functionsOf(metadata: unknown): ContractFunction[] | undefined {
  if (!isObject(metadata) || !isObject(metadata.contracts)) return undefined;
  const contracts = Object.entries(metadata.contracts).filter(
    (entry): entry is [string, Json] => isObject(entry[1]) && entry[0] !== 'org.hyperledger.fabric',
  );
  return contracts.flatMap(([key, contract]) => {
    const instance = isObject(contract.contractInstance) ? contract.contractInstance : contract;
    const isDefault = contracts.length === 1 || instance.default === true;
    return list(contract.transactions).map((transaction) => {
      const tags = [transaction.tag].flat().map((tag) => String(tag).toLowerCase());
      const own = text(transaction.name) ?? '?';
      return {
        name: isDefault ? own : `${key}:${own}`,
        description: text(transaction.description),
        isSubmit: tags.some((tag) => tag.startsWith('submit')),
        parameters: list(transaction.parameters).map(parameter),
      };
    });
  });
}

/** A parameter whose text cannot be sent as what the contract takes. */
export class WrongArgument extends Error {
  constructor(readonly parameter: string) {
    super(`${parameter} does not fit its type`);
  }
}

function parsed({ name, type }: Parameter, written: string): unknown {
  if (type === 'string') return written;
  try {
    return JSON.parse(written);
  } catch {
    if (type === 'any') return written;
    throw new WrongArgument(name);
  }
}

/**
 * The arguments of a call, from what was written for each parameter. Optional ones at the end are left out; where one
 * before a given one is left out, the arguments go by name, in one object, which is how contracts with optional
 * parameters take them.
 */
export function argumentsOf(parameters: Parameter[], written: Record<string, string>): unknown[] {
  const isGiven = (each: Parameter) => each.isRequired || (written[each.name] ?? '') !== '';
  const last = parameters.findLastIndex(isGiven);
  const used = parameters.slice(0, last + 1);
  const value = (each: Parameter) => parsed(each, written[each.name] ?? '');
  if (used.every(isGiven)) return used.map(value);
  return [Object.fromEntries(used.filter(isGiven).map((each) => [each.name, value(each)]))];
}
