/** The console's own words, for tests that walk the same way in every language. */
import { createInstance } from 'i18next';
import type { Language } from '@/i18n';
import en from '@/i18n/en';
import chinese from '@/i18n/zh-CN';

const strings = createInstance();
await strings.init({
  resources: { en: { translation: en }, 'zh-CN': { translation: chinese } },
  interpolation: { escapeValue: false },
});

/** What the console says for a key in a language, as its screens ask for it. */
export const words = (language: Language) => strings.getFixedT(language);

export type Words = ReturnType<typeof words>;
