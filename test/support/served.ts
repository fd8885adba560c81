/** Types of resources that are served about people: every test that reads all there is reads these. */
export const SERVED = [
  'Patient',
  'RelatedPerson',
  'EpisodeOfCare',
  'Encounter',
  'ServiceRequest',
  'Group',
  'CareTeam',
  'Task',
];
