/** What is asked of the thread in which mappings are tried, and what it answers. */
export type Asked = {
  /** Folders of mappings, as URLs; the one that has `name` counts. */
  folders: string[];
  name: string;
  dialect: string | null;
  text: string;
  /** In the place of its mapping.yaml. */
  draft: string | null;
};
/** `at`: the number of the source field among `fields`, from 1; null for what no field says. */
type Element = {
  element: string;
  value: string;
  at: number | null;
  source: string;
  rule: string;
  translated: string;
};
export type Tried = {
  /** The mapping cannot be read: file, line, column and why. Nothing else is there then. */
  wrong: string[];
  isSound: boolean;
  issues: { field: string; severity: string; text: string; position: string }[];
  /** In the order in which rules read them. */
  fields: { field: string; value: string }[];
  elements: Element[];
  /** Fields that carry data and became nothing; with a reason where it is left out on purpose. */
  unread: { field: string; reason: string }[];
  /** How many fields with data are read, left out on purpose, and read by no rule. */
  counts: { read: number; ignored: number; unread: number };
};

/** Of what could not be tried. */
export const nothing = (...wrong: string[]): Tried => ({
  ...{ wrong, isSound: false, issues: [], fields: [], elements: [], unread: [] },
  counts: { read: 0, ignored: 0, unread: 0 },
});
