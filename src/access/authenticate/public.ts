import { type Config, publicUrl } from '../../config.ts';

/** Where a client proves who it is. Below the base URL of the installation, not of FHIR. */
export const TOKEN_PATH = '/oauth2/token';
export const SMART_CONFIGURATION_PATH = '/fhir/.well-known/smart-configuration';

export const tokenUrl = (config: Config): string => `${publicUrl(config)}${TOKEN_PATH}`;

/** Answers that concern nobody: needed before anyone can authenticate. */
const PUBLIC = [
  ...['/pages/sign-in', '/pages/sign-in/start', '/pages/sign-in/done', '/pages/signed-out'],
  ...['/health/live', '/health/ready', '/health/pager', '/docs', '/docs/openapi.json'],
  ...['/fhir/metadata', SMART_CONFIGURATION_PATH, TOKEN_PATH],
];

/** Style sheets, whose names change with what they say. */
const STYLES = '/pages/assets/';

/** By the path of a request, or the URL of a route. */
export const isPublic = (path: string): boolean => PUBLIC.includes(path) || path.startsWith(STYLES);
/** By the URL that was asked for. */
export const isPublicUrl = (url: string): boolean => isPublic(url.replace(/\/?(\?.*)?$/, ''));
