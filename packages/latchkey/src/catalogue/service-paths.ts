/**
 * The way of a browser that signs in to a service behind a proxy: the forward door leads to the pages of the web door,
 * and these back to the callback.
 */

/** On this server. */
export const SERVICE_SIGN_IN_PATH = '/sessions/service';
export const SERVICE_REFUSED_PATH = '/sessions/service/refused';
export const SERVICE_SIGNED_OUT_PATH = '/sessions/service/signed-out';
/** At the service's own host, what begins so is the forward door's. It never reaches the service. */
export const SERVICE_OWN_PATHS = '/_latchkey/';
/** Where the forward door gives a browser its session. */
export const SERVICE_CALLBACK_PATH = '/_latchkey/callback';
/** Where it ends that session. */
export const SERVICE_SIGN_OUT_PATH = '/_latchkey/sign-out';
