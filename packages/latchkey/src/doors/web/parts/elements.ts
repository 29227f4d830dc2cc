/** GitHub's two custom elements, for the type checker: `<relative-time>` and `<clipboard-copy>`. */
import type { HTMLAttributes } from 'preact';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'relative-time': HTMLAttributes<HTMLElement> & { datetime: string; format?: 'relative'; 'no-title'?: boolean };
      'clipboard-copy': HTMLAttributes<HTMLElement> & { for?: string; value?: string };
    }
  }
}
