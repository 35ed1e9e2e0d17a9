import { useEffect, useState } from 'react';
import { useSession } from '@/api/session';
import { type Draft, EMPTY } from './draft';

type Kept = { draft: Draft; fallback: string };

const fresh = (): Kept => ({ draft: EMPTY, fallback: `chain-${Math.random().toString(36).slice(2, 7)}` });

function read(key: string): Kept {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null;
    return kept ? { ...kept, draft: { ...EMPTY, ...kept.draft } } : fresh();
  } catch {
    return fresh();
  }
}

/** The draft of this browser tab, one a tenant: it outlives a reload and a sign-in, and there are no secrets in it. */
export function useDraft() {
  const key = `entente.draft.chain.${useSession().tenant ?? ''}`;
  const [kept, setKept] = useState(() => read(key));
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
