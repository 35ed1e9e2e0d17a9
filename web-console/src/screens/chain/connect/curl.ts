import { type Guide, requestOf, type Target, word } from './target';

export function curl(target: Target): Guide {
  const { url, body } = requestOf(target);
  return {
    files: [],
    run: [
      `curl -sS ${word(url)} \\`,
      `  -H "Authorization: Bearer $ENTENTE_TOKEN" -H 'Content-Type: application/json' \\`,
      `  -d ${word(JSON.stringify(body))}`,
    ].join('\n'),
  };
}
