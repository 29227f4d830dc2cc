/**
 * The way of a browser that signs in to a service behind a proxy: the forward door leads to the pages of the web door,
 * and these back to the callback.
 */

/** On this server. */
export const SERVICE_SIGN_IN_PATH = '/sessions/service';
export const SERVICE_REFUSED_PATH = '/sessions/service/refused';
/** At the service's own host, where the forward door answers it. It never reaches the service. */
export const SERVICE_CALLBACK_PATH = '/_latchkey/callback';
