import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/api/session';
import { type Beginning, type Draft, EMPTY, nameWith, sandbox } from './draft';

type Kept = { draft: Draft; fallback: string };

/**
 * The draft of this browser tab, one a tenant: it outlives a reload and a sign-in, and there are no secrets in it. A sandbox is a
 * draft of its own, filled in already, so that one that was begun before stays as it is.
 */
export function useDraft(begin: Beginning | undefined) {
  const { t } = useTranslation();
  const key = ['entente.draft.chain', useSession().tenant ?? '', begin]
    .filter((part) => part != null)
    .join('.');
  const fresh = (): Kept => {
    const draft = {
      ...EMPTY,
      displayName: t('newChain.sandbox.name'),
      description: t('newChain.sandbox.charter'),
    };
    return begin === 'sandbox'
      ? { draft: sandbox(draft, nameWith('sandbox')), fallback: '' }
      : { draft: EMPTY, fallback: nameWith('chain') };
  };
  const read = (): Kept => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null;
      return kept ? { ...kept, draft: { ...EMPTY, ...kept.draft } } : fresh();
    } catch {
      return fresh();
    }
  };
  const [kept, setKept] = useState(read);
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(kept)), [key, kept]);
  return {
    draft: kept.draft,
    /** A name where none can be made of the display name. */
    fallback: kept.fallback,
    change: (draft: Draft) => setKept({ ...kept, draft }),
    discard: () => {
      setKept(fresh());
      sessionStorage.removeItem(key);
    },
  };
}
