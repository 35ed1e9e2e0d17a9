import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Brand } from '@/shell/Brand';
import { LanguageMenu, ThemeMenu } from '@/shell/Preferences';
import './gate.css';

/** The frame of what one sees before one is in. */
export function Gate({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · Entente`;
  }, [title]);
  return (
    <div className="gate">
      <aside className="gate-side">
        <Brand />
        <div className="gate-pitch">
          <p className="gate-tagline">{t('signIn.tagline')}</p>
          <ul>
            <li>{t('signIn.points.one')}</li>
            <li>{t('signIn.points.two')}</li>
            <li>{t('signIn.points.three')}</li>
          </ul>
        </div>
        <Rings />
      </aside>
      <main className="gate-main">
        <div className="gate-tools">
          <LanguageMenu />
          <ThemeMenu />
        </div>
        <div className="gate-form">
          <h1>{title}</h1>
          {text && <p className="muted">{text}</p>}
          {children}
        </div>
      </main>
    </div>
  );
}

function Rings() {
  return (
    <svg className="gate-rings" viewBox="0 0 400 400" fill="none" strokeWidth="22" aria-hidden="true">
      <circle cx="160" cy="200" r="110" className="brand-a" />
      <circle cx="260" cy="200" r="110" className="brand-b" />
      <path d="M160 90a110 110 0 0 1 110 110" className="brand-a" />
    </svg>
  );
}
