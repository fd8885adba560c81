/** `skein person export`, `skein person dispute`: what a person may ask of what is held of her. */
import { checkIds } from '../../command/check-words.ts';
import { WrongUse } from '../../command/wrong-use.ts';
import { type Commands, command, text, yes } from '../command.ts';
import { DISPUTABLE, disputeResource } from '../dispute.ts';
import { draftCopy, releaseCopy } from '../export/export.ts';
import { withRead } from '../with-read.ts';
import { withStore } from '../with-store.ts';

const STEPS = 'person export needs --out FOLDER, and --draft or --release DRAFT';

export const personRights: Commands = {
  'person export': command({
    summary: 'what is held of a person, for the person herself: a draft, and its release by somebody',
    help: `Usage: skein person export ID --draft --out FOLDER [--json]
       skein person export ID --release DRAFT (--by NAME | --user FILE) --out FOLDER [--json]

Answers a request of the person herself (UK GDPR, Article 15). It is no way for a parent to ask about a child:
a child's copy needs somebody who decides who may ask for that child, and is not made here.

--draft writes three files: export.json (a FHIR collection: what each service said and when, care, referrals,
contacts, agreements, and who was told what), export.html (the same as a page to print), and manifest.json,
which is for whoever releases it and never given away: what is left out, by service and rule. Left out are
other people, texts in somebody's own words, numbers and addresses, what is sealed or labelled very
restricted, and words for somebody's safety; what of that is to be given all the same is for the service that
said it. Nothing in the copy tells whether there is a hold, a partner or a sealed link.

--release puts it on record, by the SHA-256 of the manifest, and then writes export.json and export.html. It is
refused where the store would give something else by now: then make a new draft and look at it again.

  ID               of a person (Patient), an id that led to it before, or a chart
  --out FOLDER     where to write; files that are there are not replaced
  --release DRAFT  the folder of the draft that somebody looked at
  --by NAME        who releases it; kept
  --user FILE      in place of that name, and needed where HUMAN_ISSUER is set: a file with their token (- for
                   standard input), governance by HUMAN_ROLES

Examples:
  skein person export 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --draft --out draft
  skein person export 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --release draft --by 'C. Guardian' --out copy
`,
    options: { draft: yes, release: text, out: text, by: text, user: text },
    words: ['ID'],
    run: async ({ draft, release, out, by, user }, [id = '']) => {
      checkIds({ ID: id });
      if (!out || !draft === !release) throw new WrongUse(STEPS);
      if (!release) return withRead('person-export-draft', (ctx) => draftCopy(ctx, id, out));
      if (!by === !user) throw new WrongUse('--release needs --by NAME, or --user FILE');
      return withStore((ctx) => releaseCopy(ctx, id, { draft: release, out, by, user }));
    },
  }),
  'person dispute': command({
    summary: 'marks what the patient says is not right; the original stays as it is',
    help: `Usage: skein person dispute TYPE/ID --by NAME [--withdraw] [--json]

The resource, and every later version of it, has the tag disputed-by-patient for all who may see it, and those
who see a difference are told as of any change. No reason is asked for, kept or shown, and nothing of what a
service said is edited: that is for the service.

  TYPE/ID     a ${DISPUTABLE.join(', ')}, as it is served
  --by NAME   who marks it, as the patient asked; kept
  --withdraw  the mark that was set here is taken away

Examples:
  skein person dispute Encounter/5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'C. Guardian'
  skein person dispute Encounter/5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f --by 'C. Guardian' --withdraw
`,
    options: { by: text, withdraw: yes },
    words: ['TYPE/ID'],
    run: async ({ by, withdraw = false }, [reference = '']) => {
      const [type = '', id = ''] = reference.split('/');
      if (!by) throw new WrongUse('person dispute needs --by NAME');
      if (!DISPUTABLE.includes(type)) throw new WrongUse(`TYPE is one of ${DISPUTABLE.join(', ')}`);
      checkIds({ ID: id });
      return withStore((ctx) => disputeResource(ctx, reference, { by, withdrawn: withdraw }));
    },
  }),
};
