import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { start } from './i18n';
import { sayMissing } from './missing';
import { QueryProvider } from './query';
import { router } from './routes';
import './tokens.css';
import './base.css';
import './kit/kit.css';
import './shell/shell.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element #root');

start().then(
  () => {
    createRoot(root).render(
      <StrictMode>
        <QueryProvider>
          <RouterProvider router={router} />
        </QueryProvider>
      </StrictMode>,
    );
  },
  () => sayMissing(root),
);
