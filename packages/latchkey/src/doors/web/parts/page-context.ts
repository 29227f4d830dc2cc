/** What the pieces of a page know of the page around them, without being handed it one by one. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type UnixSeconds, type ZoneWords, zoneWords } from '../../../base/time.ts';

export interface PageContext {
  /** Where Cancel leads: the page as it was, or the one above; null when nobody is signed in. */
  readonly cancelTo: string | null;
  /** Times as the reader reads them. */
  readonly times: ZoneWords;
  /** When the page is drawn. */
  readonly now: UnixSeconds;
  /** The address of the file of all icons. */
  readonly icons: string;
  /** What the page says of itself to the frame, which is drawn after it. */
  readonly said: { menu: object | null };
}

const Context = createContext<PageContext>({
  cancelTo: null,
  times: zoneWords(null),
  now: 0,
  icons: '',
  said: { menu: null },
});

export const PageContextProvider = Context.Provider;

export function usePageContext(): PageContext {
  return useContext(Context);
}

/** Questions about a page, at an address below it. */
const BELOW = /\/(?:new|edit|delete|renew)$/;

/** The page that somebody is back on who cancels the form at this path. */
export function cancelPath(path: string): string {
  return path.replace(BELOW, '') || '/';
}
