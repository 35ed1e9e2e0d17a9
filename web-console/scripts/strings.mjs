// Compares the strings of the languages with each other and with the code: a key that one language lacks, a placeholder that
// differs, a key that no code uses and a key that is used but not written fail. A key is used when it stands in the code as a whole
// string, or begins with a template such as t(`state.${state}`).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const source = new URL('../src', import.meta.url).pathname;
const LANGUAGES = ['en', 'zh-CN'];
const PLURAL = /_(zero|one|two|few|many|other)$/;

const flatten = (value, prefix = '') =>
  typeof value === 'string'
    ? [[prefix, value]]
    : Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));

function read(language) {
  const folder = join(source, 'i18n', language);
  const strings = new Map();
  const index = readFileSync(join(folder, 'index.ts'), 'utf8');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const area = file.slice(0, -'.json'.length);
    if (!index.includes(`'./${file}'`)) problems.push(`${language}/${file} is not in ${language}/index.ts`);
    for (const [key, text] of flatten(JSON.parse(readFileSync(join(folder, file), 'utf8')), area)) {
      strings.set(key, text);
    }
  }
  return strings;
}

const placeholders = (text) =>
  [...text.matchAll(/\{\{\s*(\w+)[^}]*\}\}|<\/?(\w+)>/g)].map((m) => m[1] ?? m[2]);
const bare = (strings) => {
  const merged = new Map();
  for (const [key, text] of strings) {
    const name = key.replace(PLURAL, '');
    merged.set(name, new Set([...(merged.get(name) ?? []), ...placeholders(text)]));
  }
  return merged;
};

const problems = [];
const [english, chinese] = LANGUAGES.map((language) => bare(read(language)));
for (const key of english.keys()) if (!chinese.has(key)) problems.push(`zh-CN lacks ${key}`);
for (const key of chinese.keys()) if (!english.has(key)) problems.push(`en lacks ${key}`);
for (const [key, names] of english) {
  const others = chinese.get(key);
  if (others && [...names].sort().join() !== [...others].sort().join()) {
    problems.push(`${key}: placeholders differ: ${[...names]} and ${[...others]}`);
  }
}

const code = readdirSync(source, { recursive: true })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/') && !name.endsWith('schema.d.ts'))
  .map((name) => readFileSync(join(source, name), 'utf8'))
  .join('\n');
const whole = new Set([...code.matchAll(/['"`]([a-z][\w-]*(?:\.[\w-]+)+)['"`]/gi)].map((m) => m[1]));
const prefixes = [...code.matchAll(/`([a-z][\w-]*(?:\.[\w-]+)*\.)(?:[\w-]*)\$\{/gi)].map((m) => m[1]);
const areas = new Set([...english.keys()].map((key) => key.split('.')[0]));
for (const key of english.keys()) {
  if (!whole.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)))
    problems.push(`no code uses ${key}`);
}
for (const [, key] of code.matchAll(/\bt\(\s*['"]([^'"]+)['"]/g)) {
  if (!english.has(key)) problems.push(`the code uses ${key}, which is not written`);
}
for (const prefix of prefixes) {
  if (areas.has(prefix.split('.')[0]) && ![...english.keys()].some((key) => key.startsWith(prefix))) {
    problems.push(`the code uses ${prefix}…, and no key begins so`);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${english.size} strings in ${LANGUAGES.length} languages`);
