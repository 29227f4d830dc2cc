/** What a page is, as data: its path, who may open it, what it shows, and what its forms do. */
import type { ComponentChild, ComponentChildren } from 'preact';
import type { Area } from './areas.tsx';
import type { Flash, Visit } from './visit.ts';

/**
 * Who may open a page, or send a form. `signed-in`: others are sent to the sign-in and back. `sudo`: the person proved
 * their identity in this session within the last two hours. `fresh`: within the last five minutes; for changes to how
 * they sign in. `administrator`: an administrator of the instance in sudo mode. What a person may do with *the subject
 * of the page* is for `visit.permit`.
 */
export type Access = 'anybody' | 'signed-in' | 'sudo' | 'fresh' | 'administrator';

/** A text, or its parts as they come. */
export type FileContent = string | AsyncIterable<string>;

export type Answer =
  | {
      readonly kind: 'page';
      readonly title: string;
      readonly body: ComponentChild;
      readonly status?: number;
      /** When to retry. */
      readonly retryAfterSec?: number;
      /** Other origins that a form of the page, or its redirect, may lead to. */
      readonly formTargets?: readonly string[];
      /**
       * Where the browser goes on its own: to another site, which a form's redirect could not reach, since it may lead
       * on to further ones. The page needs a link to it as well.
       */
      readonly goesTo?: string;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly flash?: Flash }
  | { readonly kind: 'file'; readonly type: string; readonly content: FileContent; readonly fileName?: string };

/** A page with this title (the instance's name is added) and content. */
export const page = (
  title: string,
  body: ComponentChild,
  more: { status?: number; retryAfterSec?: number; formTargets?: readonly string[]; goesTo?: string } = {},
): Answer => ({ kind: 'page', title, body, ...more });
/** Redirects to one of our paths (303). A flash needs a signed-in person. */
export const redirect = (to: string, flash?: Flash): Answer => ({
  kind: 'redirect',
  to,
  ...(flash === undefined ? {} : { flash }),
});
/** Something other than a page; with a file name it is downloaded. */
export const file = (type: string, content: FileContent, fileName?: string): Answer => ({
  kind: 'file',
  type,
  content,
  ...(fileName === undefined ? {} : { fileName }),
});

/** One thing that ends, or stays. */
export interface Consequence {
  readonly title: ComponentChildren;
  readonly facts?: ComponentChildren;
  /** True for what stays as it is. */
  readonly stays?: boolean;
}

export interface Question {
  /** "Suspend mori?" */
  readonly title: string;
  /** What happens, in one sentence. */
  readonly lead: string;
  /** The button: verb and object. */
  readonly act: string;
  readonly consequences: readonly Consequence[];
  /** What must be as it was shown when the answer comes: ids, a count. */
  readonly subject: unknown;
  /** Who reads the reason that may be given; left out = none is asked for. */
  readonly reasonGoesTo?: string;
  /** The page's frame, with its menu. */
  readonly within: Area;
}

/** What one form of a page does. It throws `Problem` to show the page again with what was typed and what is wrong. */
export interface FormAction {
  /** What it requires in addition to the page's access. */
  readonly access?: Access;
  /**
   * True when a second submission of the same form must not run again: it leads to where the first one led. The form
   * must be a `<Form>`.
   */
  readonly once?: boolean;
  /**
   * What it ends, asked before `run`; null = it ends nothing, and is carried out at once. Throws as `run` does where
   * the form can't be carried out anyway.
   */
  readonly asks?: (visit: Visit) => Promise<Question | null>;
  readonly run: (visit: Visit) => Promise<Answer> | Answer;
}

export interface WebPage {
  /** Fastify's syntax: `/settings/sessions`, `/orgs/:org/settings`. */
  readonly path: string;
  readonly access: Access;
  readonly get: (visit: Visit) => Promise<Answer> | Answer;
  /** By the id of the form. */
  readonly forms?: Readonly<Record<string, FormAction>>;
}
