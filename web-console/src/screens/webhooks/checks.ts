/** Programs that check the signature of a delivery (Standard Webhooks). `tests/webhooks.test.ts` runs them on real ones. */
export const CHECKS = {
  node: `import { createHmac, timingSafeEqual } from 'node:crypto';

/** \`body\` is the request's body as it came, before anything has read it. */
export function isGenuine(headers, body, secret) {
  const time = headers['webhook-timestamp'];
  if (!(Math.abs(Date.now() / 1000 - time) < 300)) return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = \`\${headers['webhook-id']}.\${time}.\${body}\`;
  const hash = createHmac('sha256', key).update(signed).digest('base64');
  const expected = Buffer.from(\`v1,\${hash}\`);
  const given = Buffer.from(headers['webhook-signature']);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
`,
  python: `import base64, hashlib, hmac, time

def is_genuine(headers, body: bytes, secret: str) -> bool:
    """\`body\` is the request's body as it came, before anything has read it."""
    sent = headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{sent}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(expected, headers["webhook-signature"])
`,
} as const;

export type CheckLanguage = keyof typeof CHECKS;
