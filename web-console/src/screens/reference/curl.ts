import { exampleOf, type Operation, type Schemas } from './document';

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same request for a terminal. What a path names is the example's, or the name in capitals to fill in. */
export function curl(operation: Operation, origin: string, schemas: Schemas): string {
  const { method, path, parameters, body } = operation;
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((each) => each.in === 'path' && each.name === name);
    const example = parameter?.example ?? parameter?.schema?.example;
    return example === undefined ? name.toUpperCase() : encodeURIComponent(String(example));
  });
  const lines = [
    `curl -sS${method === 'GET' ? '' : ` -X ${method}`} ${quoted(origin + address)}`,
    `-H "Authorization: Bearer $ENTENTE_TOKEN"`,
  ];
  if (body) {
    lines.push(`-H ${quoted(`Content-Type: ${body.type}`)}`);
    lines.push(`-d ${quoted(JSON.stringify(exampleOf(body, schemas), null, 2))}`);
  }
  return lines.join(' \\\n  ');
}
