/**
 * Given names of one person, a group a line: curated from everyday British use, short and safe rather than
 * complete. A name may be in several groups: Charlie is a Charlotte or a Charles.
 */
const GROUPS = `
  katherine catherine kathryn katharine kate katie katy kathy cathy kat cath
  caitlin kaitlyn caitlyn katelyn
  elizabeth elisabeth liz lizzie beth betty eliza libby lisa bess
  bethany beth
  margaret maggie meg peggy megan greta
  william will bill billy liam willie
  robert rob bob bobby robbie bert
  richard rich rick dick richie ricky
  james jim jimmy jamie jem
  thomas tom tommy
  michael mike mick mickey micky
  christopher chris kit
  christine christina chris tina chrissie
  alexander alex sandy xander alec alasdair alistair
  alexandra alexandria alex sandra lexi lexie sasha
  samantha sam sammy
  samuel sam sammy
  benjamin ben benny benji
  daniel dan danny
  danielle dani
  matthew matt matty
  andrew andy drew
  anthony antony tony ant
  joseph joe joey
  josephine jo josie
  joanna joanne jo
  jonathan jonathon jon jonny johnny
  john johnny jack
  jennifer jen jenny jenna
  jessica jess jessie
  rebecca rebekah becky becca bex
  rachel rachael rach
  susan susanne suzanne sue susie suzie
  victoria vicky vicki tori vikki
  abigail abi abby gail
  isabella isabel isobel isabelle izzy bella belle
  charlotte charlie lottie
  charles charlie chuck chas
  edward ed eddie ted teddy ned
  nicholas nicolas nick nicky
  nicola nicole nicky nikki
  patricia pat tricia trish patsy
  patrick pat paddy
  theodore theo ted teddy
  oliver olly ollie
  olivia liv livvy
  amelia millie amy
  emily em emmie
  gabriella gabrielle gabby ella
  mohammed muhammad mohamed mohammad muhammed mo md mohd
  stephen steven steve stevie
  stephanie steph
  timothy tim timmy
  peter pete
  philip phillip phil
  philippa pippa
  david dave davey
  gregory greg
  geoffrey jeffrey geoff jeff
  frederick freddie fred freddy
  frances fran francesca frankie
  francis frank frankie
  harold harry
  henry harry hal
  harriet hattie harry
  george georgie
  georgina georgia georgie gina
  lawrence laurence larry laurie
  leonard len lenny leo
  lewis louis lou
  louise lou
  lucy lucinda
  natalie nat natasha tasha
  nathaniel nathan nat
  natasha tasha
  penelope penny
  raymond ray
  ronald ron ronnie
  kenneth ken kenny
  maxwell maximilian max
  madeleine madeline maddie maddy
  madison maddie maddy
  martha marty
  martin marty
  mary molly polly
  eleanor elinor ellie nell nellie
  ellen nell nellie ellie
  deborah debra debbie deb
  dorothy dot dottie
  barbara barb babs
  jacqueline jackie jacqui
  judith judy
  kimberley kimberly kim
  pamela pam
  sarah sara sally
  sophie sophia sofia
  theresa teresa terry tess tessa
  terence terry
  valerie val
  wendy gwendolen
  zachary zach zack zac
  evelyn evie eve
  evangeline evie
  genevieve evie
  florence flo florrie
  grace gracie
  rosemary rose rosie
  rosalind ros
  tabitha tabby
  arthur artie
  albert al bert bertie
  alfred alfie fred
  archibald archie
  augustus gus
  angus gus
  cameron cam
  dominic dom
  finlay finley fin finn
  isaac zac
  jacob jake
  joshua josh
  luke lucas
  reginald reggie reg
  sebastian seb
  stanley stan
  toby tobias
  vincent vince vinnie
  michelle michele shell shelley chelle
  bridget brigid bridie biddy bride
  angharad anghi
  aoife eva
  caoimhe keeva
  niamh neve
  sean shaun shawn
  hugh huw
  ieuan ifan evan
  rhys reece
  geraint ger
  catrin cati
  myfanwy myf
  siobhan shevaun
  tomasz tomek
  malgorzata gosia
  katarzyna kasia
  agnieszka aga
  aleksandra ola
  krzysztof krzysiek
  wojciech wojtek
  piotr piotrek
  joanna asia
  barbara basia
  zuzanna zuzia
  magdalena magda lena
  anna ann anne annie ania anya
  maria mary marie mariam maryam miriam
  fatima fatimah fathima fatma fatema
  aisha ayesha aysha aishah
  yusuf yousef yusef youssef
  ibrahim ebrahim
  ahmed ahmad
  hussain hussein husain
  omar umar
  usman uthman osman
  khadija khadijah khadeja
  zainab zaynab zeinab
  abdullah abdallah
  temitope tope
  oluwaseun seun
  babatunde tunde
  ayodele ayo
  olufunmilayo funmi
  oluwadamilola damilola dami
  chukwuemeka emeka
  ngozi ngo
  ionut ionel ion
  alexandru alex
  andrei andrew
`;

export const NICKNAMES: string[][] = GROUPS.trim()
  .split('\n')
  .map((line) => line.trim().split(' '));
