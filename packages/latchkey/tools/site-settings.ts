/** How the documents look as a site: the settings of VitePress. `site.ts` runs it. */
import { indexGroups, sectionName } from './documents.ts';
import { pageOf } from './site-pages.ts';

/** What of VitePress's reader of Markdown is changed here: what is made of words. */
interface Markdown {
  readonly renderer: { readonly rules: { text: (...given: readonly unknown[]) => string } };
}

const capital = (words: string): string => words.replaceAll('`', '').replace(/^./, (letter) => letter.toUpperCase());

const base = process.env['SITE_BASE'] ?? '/';

export default {
  base,
  title: 'Latchkey',
  description: 'A self-hosted server for personal access tokens',
  lang: 'en',
  srcDir: 'dist/source',
  outDir: 'dist/html',
  cacheDir: 'dist/cache',
  head: [['link', { rel: 'icon', href: `${base}icon.svg` }]],
  markdown: {
    anchor: { slugify: sectionName },
    // Languages that its colours don't know, and the nearest that they do.
    languageAlias: { caddy: 'nginx', haproxy: 'nginx' },
    // Documents are words, not templates: {{ this }} stays as it is.
    config: (md: Markdown) => {
      const { text } = md.renderer.rules;
      md.renderer.rules.text = (...given) => text(...given).replaceAll('{{', '&#123;&#123;');
    },
  },
  vite: { build: { chunkSizeWarningLimit: 4096 } },
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [{ text: 'All documents', link: `/${pageOf('docs/README.md')}` }],
    sidebar: indexGroups().map(({ title, links }) => ({
      text: capital(title),
      items: links.map(({ text, to }) => ({ text: capital(text), link: `/${pageOf(to)}` })),
    })),
  },
};
