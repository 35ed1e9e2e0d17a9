import { api, call } from '@/api/client';
import type { Operation } from '@/api/queries';

/** Lines of the log of a node that does not run. */
const LINES = 200;

/**
 * Everything that a supporter asks for first, as JSON. The API shows no secrets, so there are none in it. What cannot be read says
 * why in its place.
 */
export async function supportBundle(operation: Operation): Promise<string> {
  const { kind, name } = operation.target;
  const bundle = {
    time: new Date().toISOString(),
    page: window.location.href,
    version: await tried(call(api.GET('/v1/version'))),
    operation,
    ...(kind === 'Chain' ? await aboutChain(name) : {}),
  };
  return JSON.stringify(bundle, null, 2);
}

async function aboutChain(chain: string) {
  const params = { path: { chain } };
  const [spec, health, nodes] = await Promise.all([
    tried(call(api.GET('/v1/chains/{name}', { params: { path: { name: chain } } }))),
    tried(call(api.GET('/v1/chains/{chain}/health', { params }))),
    tried(call(api.GET('/v1/chains/{chain}/nodes', { params }))),
  ]);
  const failing = 'items' in nodes ? nodes.items.filter((node) => node.state !== 'ready') : [];
  const logs = await Promise.all(failing.map(async ({ name }) => [name, await log(chain, name)] as const));
  return { chain: spec, health, nodes, logs: Object.fromEntries(logs) };
}

const log = (chain: string, node: string) =>
  tried(
    call(
      api.GET('/v1/chains/{chain}/nodes/{node}/logs', {
        params: { path: { chain, node }, query: { tail: LINES } },
        parseAs: 'text',
      }),
    ),
  );

const tried = <T>(answer: Promise<T>) =>
  answer.catch((error: unknown) => ({ unreadable: error instanceof Error ? error.message : String(error) }));
