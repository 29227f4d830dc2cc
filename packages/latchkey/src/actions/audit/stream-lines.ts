/** What is streamed of the audit log, and by which ways. */

export const STREAM_NAMES = ['webhook', 'syslog', 'file'] as const;
export type StreamName = (typeof STREAM_NAMES)[number];

/** One line of the stream: an entry or a checkpoint. */
export interface StreamLine {
  readonly id: number;
  readonly kind: 'entry' | 'checkpoint';
  readonly action: string;
  /** In unix seconds. */
  readonly at: number;
  /** JSON without a line end. */
  readonly text: string;
}
