import { useTranslation } from 'react-i18next';
import { Code } from '@/kit';
import { type Block, blocksOf, type Inline } from './markdown';

/** A page of documentation. Its own title is left out: it stands above. */
export function Markdown({ text }: { text: string }) {
  const blocks = blocksOf(text).filter((block) => block.kind !== 'heading' || block.level > 1);
  return (
    <div className="stack library-page">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a page's parts have no identity but their place
        <Part key={index} block={block} />
      ))}
    </div>
  );
}

function Part({ block }: { block: Block }) {
  const { t } = useTranslation();
  switch (block.kind) {
    case 'heading':
      return (
        <h3>
          <Words content={block.content} />
        </h3>
      );
    case 'paragraph':
      return (
        <p>
          <Words content={block.content} />
        </p>
      );
    case 'list':
      return (
        <ul className="library-list">
          {block.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a page's parts have no identity but their place
            <li key={index}>
              <Words content={item} />
            </li>
          ))}
        </ul>
      );
    case 'code':
      return <Code text={block.text} label={t('library.example')} />;
  }
}

function Words({ content }: { content: Inline[] }) {
  return content.map(({ kind, text }, index) => {
    const key = `${index} ${text}`;
    if (kind === 'code') return <code key={key}>{text}</code>;
    return kind === 'bold' ? <strong key={key}>{text}</strong> : text;
  });
}
