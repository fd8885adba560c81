/** Names of families from Britain and Ireland, and of those long here from the Caribbean. */
import { list, type Origin } from './origin.ts';

const PLACES = {
  begin:
    list(`Ash Brad Hart Whit Kirk Thorn Stan Wood Lang Elling Hazel Black Clay Cross Dun East West North Sut
    Farn Green Har Hol Hay Lea Mar Mel Nor Oak Pen Pres Rad Rams Row Shel Stock Swin Thorp Wal War Wen Win Wor Al
    Ather Bram Broad Buck Burn Cal Chad Crom Cul Dal Den Ever Fal Gar Gold Hamp Hather Heth Hurst Ing Kel Kim Lin
    Lock Lud Mid Mor Nether New Old Ox Pick Rother Sand Scar Sel Shaw Sher Spar Stain Tad Tar Ted Ten Til Tun Up`),
  end: list(`ley ton ham worth field wood bridge well ford combe stead by thorpe croft den more gate hurst dale
    shaw cott bourne wick low man er ridge side more land`),
  share: 0.45,
};
const BRITISH_FAMILY = list(`Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White
  Thompson Robinson Evans Green Hall Wood Jackson Clarke Edwards Turner Hughes Cooper Hill Ward Morris Moore Clark
  Lee King Harrison Morgan Baker Allen Martin Parker Cook Bailey Scott Young James Carter Mitchell Phillips Bennett
  Collins Shaw Cox Richardson Watson Marshall Simpson Gray Rogers Stewart Campbell Anderson Murray Mills Palmer
  Holmes Hunt Webb Knight Butler Barker Ellis Stevens Gibson Ford Matthews Dixon Foster Pearson Reid Graham Fox
  Russell Hamilton Barnes Fisher Chapman Powell Berry Harvey Booth Lawson Walsh Saunders Hart Dawson Mason Lowe
  Bird Holland Gordon Ross Fletcher Cole Andrews Reynolds Wells Lane Austin Page Newman Warren Perry Ball Fuller
  Nicholson Hopkins Osborne Burton Bates Frost Goodwin Chambers Marsh Sutton Barton Dean Townsend Field Gilbert`);
const FEMALE =
  list(`Sarah Laura Gemma Emma Rebecca Claire Victoria Samantha Rachel Amy Jennifer Nicola Katie Lisa
  Kelly Natalie Louise Michelle Hayley Hannah Helen Charlotte Joanne Lucy Elizabeth Leanne Danielle Donna Katherine
  Clare Stephanie Stacey Lauren Jane Jessica Kerry Kirsty Kate Zoe Lindsay Alison Jodie Catherine Anna Heather
  Melissa Naomi Tamsin Abigail Bethany Chloe Georgina Holly Jade Melanie Natasha Paula Ruth Sophie Tracey Vicky
  Alice Carly Cheryl Debbie Eleanor Faye Harriet Jenna Kayleigh Lorna Molly Olivia Philippa Robyn Shannon Tanya`);
const MALE =
  list(`Christopher James David Daniel Michael Matthew Andrew Richard Paul Mark Thomas Adam Robert John
  Lee Benjamin Steven Jonathan Craig Stephen Simon Nicholas Peter Anthony Alexander Gary Ian Ryan Darren Barry
  Timothy Philip Luke Samuel Gareth Stuart Kevin Neil Joseph Dean Martin Kieran Jamie William Carl Edward Graham
  Scott Nathan Ashley Liam Shaun Ross Karl Jason Wayne Marc Oliver Joshua Aaron Charles George Jack Harry Keith`);
const YOUNG = {
  female:
    list(`Olivia Amelia Isla Ava Ivy Freya Lily Florence Mia Willow Rosie Sophia Isabella Grace Daisy Sienna
    Poppy Elsie Emily Ella Evelyn Phoebe Evie Charlotte Harper Millie Matilda Maya Sophie Alice Emilia Isabelle Ruby
    Luna Maisie Aria Penelope Mila Bonnie Eva Hallie Eliza Ada Violet Esme Arabella Imogen Jessica Delilah Chloe
    Margot Ottilie Erin Elodie Robyn Nancy Thea Orla Darcie Lottie Heidi Kayla Layla Ayla Amy Annie Iris Edith`),
  male: list(`Noah Oliver George Arthur Leo Harry Oscar Henry Archie Freddie Theodore Jack Charlie Theo Alfie Jacob
    Thomas Finley Arlo William Lucas Roman Tommy Isaac Teddy Alexander Luca Edward James Joshua Albie Elijah Max
    Mohammed Reuben Mason Sebastian Rory Jude Benjamin Harrison Louie Ethan Adam Daniel Joseph Hugo Rowan Jaxon
    Reggie Ezra Hudson Albert Frankie Logan Zachary Toby Jayden Kayden Ronnie Dylan Liam Samuel Jenson Otis Felix`),
};

export const ISLANDS = {
  british: {
    share: 52,
    female: FEMALE,
    male: MALE,
    young: YOUNG,
    family: BRITISH_FAMILY,
    tail: PLACES,
    custom: 'shared',
    flat: 12,
  },
  welsh: {
    share: 4,
    female:
      list(`Sian Rhian Catrin Bethan Angharad Cerys Carys Nia Elin Ffion Megan Lowri Rhiannon Eleri Mari Manon
      Heledd Gwen Delyth Sioned Nerys Menna Eirlys Branwen Efa Cadi Mali Non Alaw Seren`),
    male: list(`Rhys Gareth Dafydd Owain Huw Ieuan Emyr Gethin Iwan Rhodri Aled Dylan Geraint Llyr Osian Macsen Tomos
      Ifan Gruffydd Steffan Elis Morgan Harri Cai Jac Macs Gwilym Meurig Iestyn Deiniol`),
    family:
      list(`Jones Davies Williams Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards Owen James Rees
      Jenkins Price Morris Richards Lloyd Phillips Parry Powell Howells Pritchard Bowen Pugh Vaughan Bevan Llewellyn
      Gwynne Probert Prosser Maddocks Penry Tudor Cadwallader`),
    custom: 'shared',
    flat: 5,
  },
  irish: {
    share: 3,
    female:
      list(`Siobhan Aoife Niamh Ciara Sinead Roisin Orla Mary Maeve Grainne Caoimhe Eimear Deirdre Aisling
      Bridget Nuala Oonagh Sorcha Fionnuala Clodagh Saoirse Eilis Brid Mairead Una Catriona Muireann Ailbhe Bronagh`),
    male: list(`Sean Conor Patrick Cian Oisin Padraig Eoin Declan Kieran Brendan Cathal Fionn Darragh Ruairi Tadhg
      Niall Diarmuid Cormac Colm Donal Fergal Lorcan Ronan Seamus Liam Eamon Dara Cillian Fiachra Daithi`),
    family:
      list(`Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy Gallagher
      Doherty Kennedy Lynch Murray Quinn Moore McLoughlin Carroll Connolly Daly Connell Wilson Dunne Brennan Burke
      Collins Campbell Clarke Johnston Hughes O'Farrell Fitzgerald Brown Martin Maguire Nolan Flynn Thompson Callaghan
      O'Donnell Duffy O'Mahony Boyle Healy O'Shea McGuinness Keane O'Leary Sheridan Cullen Foley Sweeney Hickey`),
    custom: 'shared',
    flat: 8,
  },
  traveller: {
    share: 1,
    female:
      list(`Margaret Bridget Mary Kathleen Winifred Nan Theresa Ann Barbara Ellen Josephine Chantelle Shakira
      Priscilla Philomena Elizabeth Helen Julia Nora Rosie`),
    male: list(`Patrick John Michael Martin James Thomas Edward Christopher Anthony Simon Bernard Daniel Hughie
      Jimmy Paddy Francis Joseph William Miley Felix`),
    family:
      list(`Ward Connors McDonagh Cash Stokes Joyce Maughan Doran Doherty McGinley Cawley Reilly Collins Mongan
      Delaney Smith Lee Boswell Price Loveridge Cooper Hanrahan Quilligan`),
    custom: 'shared',
    flat: 3,
  },
  caribbean: {
    share: 2,
    female:
      list(`Shanice Chantel Simone Latoya Keisha Natalie Michelle Sharon Marcia Yvonne Rochelle Tanisha Aaliyah
      Monique Jada Kadisha Nevaeh Imani Shereen Dionne Renee Tiana Amara Zaria Serena Alicia Kiara Naomi`),
    male: list(`Marlon Jermaine Tyrone Leon Dwayne Andre Jerome Delroy Kemar Malachi Tyrese Omari Rashawn Isaiah
      Elijah Kyron Jahmal Nathaniel Kymani Reuben Zion Shaquille Devonte Curtis Darnell Winston Tariq Jaden`),
    family:
      list(`Brown Williams Campbell Smith Johnson Clarke Thompson Gordon Francis Grant Lewis Reid Morgan Bailey
      Henry Wright Stewart Samuels Blake Morrison Powell Bennett Pinnock Lindo Facey Gayle Mais Dacres McKenzie Palmer
      Beckford Cunningham Hylton Whyte Barrett Forbes Rowe Spence Wint Vassell Joseph Charles Baptiste Alleyne`),
    custom: 'shared',
    flat: 6,
  },
} satisfies Record<string, Origin>;
