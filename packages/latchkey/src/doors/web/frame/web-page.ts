/** What a page is, as data: its path, who may open it, what it shows, and what its forms do. */
import type { ComponentChild } from 'preact';
import type { Flash, Visit } from './visit.ts';

/**
 * Who may open a page, or send a form. `signed-in`: others are led to the sign-in and back. `sudo`: the session proved
 * in the last two hours that it is its person. `fresh`: in the last five minutes; for whatever changes what signs them
 * in. `administrator`: an administrator of the instance in sudo mode. What a person may do with *what the page is
 * about* is for `visit.permit`.
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
      /** When it pays to come again. */
      readonly retryAfterSec?: number;
      /** Further origins that a form of the page, or what it redirects to, may lead to. */
      readonly formTargets?: readonly string[];
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly flash?: Flash }
  | { readonly kind: 'file'; readonly type: string; readonly content: FileContent; readonly fileName?: string };

/** A page with this title (the instance's name is added) and content. */
export const page = (
  title: string,
  body: ComponentChild,
  more: { status?: number; retryAfterSec?: number; formTargets?: readonly string[] } = {},
): Answer => ({ kind: 'page', title, body, ...more });
/** Leads on to a path of ours (303). A flash needs somebody who is signed in. */
export const redirect = (to: string, flash?: Flash): Answer => ({
  kind: 'redirect',
  to,
  ...(flash === undefined ? {} : { flash }),
});
/** Something that is no page; with a file name it is downloaded. */
export const file = (type: string, content: FileContent, fileName?: string): Answer => ({
  kind: 'file',
  type,
  content,
  ...(fileName === undefined ? {} : { fileName }),
});

/**
 * What one form of a page does. It throws `Problem` to have the page shown again with what was typed and what is wrong.
 */
export interface FormAction {
  /** What it asks for besides what the page asks for. */
  readonly access?: Access;
  /**
   * True when a second submission of the same form must not do it again: it is led to where the first one led. The form
   * has to be one of `<Form>`.
   */
  readonly once?: boolean;
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
