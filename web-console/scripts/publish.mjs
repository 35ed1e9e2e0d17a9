// Puts what was built into dist/app, file by file: the page last, and what it no longer names after that. A debug build of the
// platform reads that folder while it runs, so that at no moment may a page name a part that is not there.
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [next, app] = ['../dist/next', '../dist/app'].map((path) => new URL(path, import.meta.url).pathname);
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

mkdirSync(app, { recursive: true });
const built = filesOf(next);
const isPage = (file) => file.startsWith('index.html');
for (const file of built.toSorted((one, other) => isPage(one) - isPage(other))) {
  mkdirSync(dirname(join(app, file)), { recursive: true });
  copyFileSync(join(next, file), join(app, `${file}.part`));
  renameSync(join(app, `${file}.part`), join(app, file));
}
const kept = new Set(built);
for (const file of filesOf(app)) if (!kept.has(file)) rmSync(join(app, file));
rmSync(next, { recursive: true });
