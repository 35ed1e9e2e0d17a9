/** As much of Markdown as templates' documentation is written in: headings, paragraphs, lists, code, bold. */

export type Inline = { kind: 'text' | 'code' | 'bold'; text: string };
export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'list'; items: Inline[][] }
  | { kind: 'code'; text: string };

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    const heading = /^(#{1,4}) +(.+)$/.exec(line);
    if (line.trim() === '') continue;
    if (line.startsWith('```'))
      blocks.push({ kind: 'code', text: until(lines, (each) => each.startsWith('```')) });
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, content: inlinesOf(heading[2] ?? '') });
    } else if (isItem(line)) blocks.push({ kind: 'list', items: items([line, ...run(lines)]) });
    else blocks.push({ kind: 'paragraph', content: inlinesOf([line, ...run(lines)].join(' ')) });
  }
  return blocks;
}

const isItem = (line: string) => /^[-*] /.test(line);

/** Takes lines up to one that ends them, which is taken too. */
function until(lines: string[], ends: (line: string) => boolean): string {
  const at = lines.findIndex(ends);
  const taken = lines.splice(0, at < 0 ? lines.length : at);
  lines.shift();
  return taken.join('\n');
}

/** Takes the lines that go on with what has begun. */
function run(lines: string[]): string[] {
  const at = lines.findIndex((line) => line.trim() === '' || /^(#|```)/.test(line));
  return lines.splice(0, at < 0 ? lines.length : at);
}

function items(lines: string[]): Inline[][] {
  const texts: string[] = [];
  for (const line of lines) {
    if (isItem(line)) texts.push(line.slice(2));
    else texts.push(`${texts.pop() ?? ''} ${line.trim()}`);
  }
  return texts.map(inlinesOf);
}

export function inlinesOf(text: string): Inline[] {
  return [...text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|[^`*]+|[`*]/g)].map(([whole, code, bold]) => {
    if (code !== undefined) return { kind: 'code', text: code };
    if (bold !== undefined) return { kind: 'bold', text: bold };
    return { kind: 'text', text: whole };
  });
}
