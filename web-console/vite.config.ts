import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    // `scripts/publish.mjs` takes it from here to `dist/app`. One below `dist`, which always exists: the control plane's build
    // watches that folder.
    outDir: 'dist/next',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no `data:` scripts or styles.
    assetsInlineLimit: 0,
    // The polyfill is an inline script to the policy; every browser of the target knows `modulepreload`.
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
  },
  server: { proxy: { '/v1': process.env.ENTENTE_SERVER ?? 'http://127.0.0.1:7420' } },
});
