import { useTranslation } from 'react-i18next';
import { choose, LANGUAGES, type Language, language } from '@/i18n';
import { Menu, MenuItem } from '@/kit';
import { chooseTheme, type Theme, useTheme } from './theme';

export function LanguageMenu() {
  const { t } = useTranslation();
  const current = language();
  return (
    <Menu label={t('shell.language')} face={current === 'en' ? 'EN' : '中'}>
      {(close) =>
        (Object.entries(LANGUAGES) as [Language, string][]).map(([tag, name]) => (
          <MenuItem key={tag} lang={tag} checked={tag === current} onClick={() => choose(tag).then(close)}>
            {name}
          </MenuItem>
        ))
      }
    </Menu>
  );
}

const THEMES: Theme[] = ['system', 'light', 'dark'];

export function ThemeMenu() {
  const { t } = useTranslation();
  const theme = useTheme();
  const face = (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />
    </svg>
  );
  return (
    <Menu label={t('shell.theme.label')} face={face}>
      {(close) =>
        THEMES.map((each) => (
          <MenuItem
            key={each}
            checked={each === theme}
            onClick={() => {
              chooseTheme(each);
              close();
            }}
          >
            {t(`shell.theme.${each}`)}
          </MenuItem>
        ))
      }
    </Menu>
  );
}
