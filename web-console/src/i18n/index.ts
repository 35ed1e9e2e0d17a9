/**
 * The two languages. Strings are in `en/<area>.json` and `zh-CN/<area>.json`; a key is `<area>.<name>`.
 *
 * English decides which keys there are, as types; `scripts/strings.mjs` compares the languages and finds unused keys.
 */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = 'entente.language';
const strings: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./en'),
  'zh-CN': () => import('./zh-CN'),
};

/** The language of the console, as a BCP 47 tag. */
export const language = (): Language => (i18next.language === 'zh-CN' ? 'zh-CN' : 'en');

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === 'en' || stored === 'zh-CN') return stored;
  const known = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
  return known?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

async function load(chosen: Language) {
  if (!i18next.hasResourceBundle(chosen, 'translation')) {
    i18next.addResourceBundle(chosen, 'translation', (await strings[chosen]()).default);
  }
  document.documentElement.lang = chosen;
}

/** Loads the strings of the preferred language; the first thing that the console does. */
export async function start(): Promise<void> {
  const chosen = preferred();
  await i18next.use(initReactI18next).init({
    lng: chosen,
    resources: {},
    partialBundledLanguages: true,
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await load(chosen);
}

/** Changes the language, and remembers it in this browser. */
export async function choose(chosen: Language): Promise<void> {
  localStorage.setItem(STORED, chosen);
  await load(chosen);
  await i18next.changeLanguage(chosen);
}
