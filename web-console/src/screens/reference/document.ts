/** Reads the served OpenAPI document into what the reference shows. The parts of OpenAPI that the platform does not use are not read. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  example?: unknown;
  enum?: unknown[];
  format?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
};

export type Parameter = {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  example?: unknown;
  schema?: Schema;
};

type Content = Record<string, { schema?: Schema; example?: unknown }>;
type RawOperation = {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
  'x-entente-roles'?: string[];
  'x-entente-scope'?: string;
};

export type Document = {
  paths: Record<string, Record<string, RawOperation>>;
  components?: { schemas?: Record<string, Schema> };
};

export type Body = { type: string; schema: Schema | undefined; example: unknown };

export type Operation = {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: Body | undefined;
  answers: { status: string; description: string; body: Body | undefined }[];
  roles: string[];
  scope: string | undefined;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Every operation of the document, in its order. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const raw = item[method];
      return raw ? [operation(method, path, raw)] : [];
    }),
  );
}

function operation(method: string, path: string, raw: RawOperation): Operation {
  return {
    id: raw.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    tag: raw.tags?.[0] ?? '',
    summary: (raw.summary ?? '').replace(/\.$/, ''),
    description: raw.description ?? '',
    parameters: raw.parameters ?? [],
    body: bodyOf(raw.requestBody?.content),
    answers: Object.entries(raw.responses ?? {}).map(([status, answer]) => ({
      status,
      description: answer.description ?? '',
      body: bodyOf(answer.content),
    })),
    roles: raw['x-entente-roles'] ?? [],
    scope: raw['x-entente-scope'],
  };
}

function bodyOf(content: Content | undefined): Body | undefined {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  return type === undefined ? undefined : { type, schema: media?.schema, example: media?.example };
}

/** The operations in which every word occurs, grouped by tag; both in the document's order. */
export function grouped(operations: Operation[], wanted: string): [tag: string, operations: Operation[]][] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Operation[]>();
  for (const each of operations) {
    const { method, path, tag, summary, id, scope = '' } = each;
    const text = `${method} ${path} ${tag} ${summary} ${id} ${scope}`.toLowerCase();
    if (words.every((word) => text.includes(word))) groups.set(tag, [...(groups.get(tag) ?? []), each]);
  }
  return [...groups];
}

export type Schemas = Record<string, Schema>;

const nameOf = ($ref: string) => $ref.split('/').at(-1) ?? $ref;

/** The one alternative of a schema that may be `null` beside it. */
function only({ oneOf }: Schema): Schema | undefined {
  const others = oneOf?.filter(({ type }) => type !== 'null');
  return others?.length === 1 ? others[0] : undefined;
}

/** A schema with its reference followed, once, and its parts put together. */
export function resolved(schema: Schema, schemas: Schemas): Schema {
  const { $ref, ...own } = schema;
  const target = $ref ? { ...schemas[nameOf($ref)], ...own } : own;
  const alternative = only(target);
  if (alternative) return { ...resolved(alternative, schemas), ...pick(target) };
  if (!target.allOf) return target;
  const parts = target.allOf.map((part) => resolved(part, schemas));
  return {
    type: 'object',
    ...pick(target),
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  };
}

/** What is said of a use, and not of the type. */
const pick = ({ description, example }: Schema): Schema => ({
  ...(description !== undefined && { description }),
  ...(example !== undefined && { example }),
});

/** A type in few words, such as `array of Chain`. */
export function typeOf(schema: Schema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.oneOf) {
    const alternatives = schema.oneOf.filter(({ type }) => type !== 'null');
    return alternatives.map(typeOf).join(' | ');
  }
  const type = [schema.type ?? 'object'].flat().filter((each) => each !== 'null');
  if (type[0] === 'array') return `array of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  return type.join(' | ');
}

export type FieldOf = { name: string; schema: Schema; required: boolean };

/** The fields of an object, or of what an array is of. */
export function fieldsOf(schema: Schema, schemas: Schemas): FieldOf[] {
  const whole = resolved(schema, schemas);
  if (whole.items) return fieldsOf(whole.items, schemas);
  return Object.entries(whole.properties ?? {}).map(([name, field]) => ({
    name,
    schema: field,
    required: whole.required?.includes(name) ?? false,
  }));
}

/** What a body looks like: as the document says, or put together from its fields. */
export function exampleOf(body: Body, schemas: Schemas): unknown {
  if (body.example !== undefined) return body.example;
  return body.schema && sample(body.schema, schemas, new Set());
}

function sample(schema: Schema, schemas: Schemas, seen: Set<string>): unknown {
  const $ref = schema.$ref ?? only(schema)?.$ref;
  const name = $ref && nameOf($ref);
  if (name && seen.has(name)) return {};
  const within = name ? new Set([...seen, name]) : seen;
  const whole = resolved(schema, schemas);
  if (whole.example !== undefined) return whole.example;
  if (whole.enum) return whole.enum[0];
  if (whole.items) return [sample(whole.items, schemas, within)];
  const fields = Object.entries(whole.properties ?? {});
  if (fields.length > 0)
    return Object.fromEntries(fields.map(([key, field]) => [key, sample(field, schemas, within)]));
  const type = [whole.type ?? 'object'].flat()[0];
  return { string: 'text', integer: 0, number: 0, boolean: false }[type ?? ''] ?? {};
}
