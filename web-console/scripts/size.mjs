// Measures the scripts that a first visit loads, and fails over the budget. Everything that the entry imports at once counts,
// and the strings of one language; what screens load later is listed beside it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 350 * 1024;
const app = new URL('../dist/next/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', app), 'utf8'));
const compressed = (file) => gzipSync(readFileSync(new URL(file, app)), { level: 9 }).length;
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

const first = new Set();
const take = (key) => {
  const chunk = manifest[key];
  if (!chunk || first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const next of chunk.imports ?? []) take(next);
};
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) take(key);
const languages = Object.keys(manifest).filter((key) => /^src\/i18n\/[^/]+\/index\.ts$/.test(key));
if (languages.length === 0) throw new Error('the build has no strings of any language: look at src/i18n');
const sizes = languages.map((key) => compressed(manifest[key].file));

const total = [...first].map(compressed).reduce((sum, size) => sum + size, Math.max(...sizes));
const later = Object.values(manifest).filter(
  (chunk) => chunk.file.endsWith('.js') && !first.has(chunk.file) && !languages.includes(chunk.src),
);
for (const { file, name } of later) console.log(`later  ${kilobytes(compressed(file)).padStart(9)}  ${name}`);
console.log(`first load: ${kilobytes(total)} of script, gzip (at most ${kilobytes(BUDGET)})`);
if (total > BUDGET) {
  console.error('The first load is over its budget: load heavy parts with lazyRouteComponent or import().');
  process.exit(1);
}
