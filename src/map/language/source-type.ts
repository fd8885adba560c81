import { z } from 'zod';

/** What a field of a source without types of its own holds: read by src/map/compile/convert.ts. */
export const SourceType = z.enum(['text', 'time', 'boolean', 'integer']);
