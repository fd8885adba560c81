/** Other ways in which one name is said or spelt: nicknames, and transliterations of names from other alphabets. */

const GROUPS = `
Elizabeth Lizzie Liz Beth Betty|Katherine Kate Katie Kathy|Catherine Cath Cathy Kate|Rebecca Becky Becca
Jennifer Jenny Jen|Victoria Vicky Tori|Samantha Sam Sammy|Charlotte Charlie Lottie|Abigail Abbie Abby
Jessica Jess Jessie|Stephanie Steph|Nicola Nicky|Natalie Nat|Danielle Dani|Bethany Beth|Georgina Georgie
Eleanor Ellie Nell|Michelle Shell|Margaret Maggie Peggy Mags|Bridget Bridie Biddy|Theresa Tess|Harriet Hattie
Christopher Chris|James Jim Jamie Jimmy|David Dave|Daniel Dan Danny|Michael Mick Mike Mikey|Matthew Matt
Andrew Andy|Richard Rich Ricky Dick|Thomas Tom Tommy|Robert Rob Bob Bobby|John Johnny|Benjamin Ben Benny
Steven Steve|Stephen Steve|Jonathan Jon Jonny|Nicholas Nick|Anthony Tony|Alexander Alex Sandy|Timothy Tim
Philip Phil|Samuel Sam Sammy|Joseph Joe Joey|William Will Bill Billy Liam|Edward Ed Eddie Ted Teddy
Joshua Josh|Charles Charlie|Patrick Paddy Pat|Theodore Theo Teddy|Frederick Fred Freddie|Archibald Archie
Isabella Bella Izzy|Isabelle Izzy Belle|Matilda Tilly|Penelope Penny|Evelyn Evie|Amelia Millie|Emilia Millie
Zachary Zac Zack|Sebastian Seb|Harrison Harry|Elijah Eli|Florence Flo Florrie|Olivia Liv Livvy
Siobhan Shivaun Chevonne|Aoife Eefa|Niamh Neve Neave|Sinead Shinade|Roisin Rosheen|Sean Shaun Shawn
Caoimhe Keeva Kweeva|Aisling Ashling|Tadhg Tighe|Padraig Patrick Podge|Oisin Osheen|Eoin Owen|Ciara Keira Kiera
Sian Shan|Rhys Reece Rees|Ffion Fion|Huw Hugh|Dafydd David Dai|Ieuan Evan|Angharad Haz|Rhiannon Rhi
Mohammed Muhammad Mohammad Mohamed Muhammed Mohd Md|Ahmed Ahmad Ahmet|Hussain Hussein Husain Hussien
Yusuf Yousef Yousuf Yosef Youssef|Aisha Ayesha Aysha Aicha|Fatima Fatema Fatimah Fathima Fadumo|Maryam Mariam Meryem
Khadija Khadijah Khadeeja|Zainab Zaynab Zeinab|Ibrahim Ebrahim Ibraheem|Abdullah Abdulla Abdallah|Umar Omar Umer
Usman Osman Uthman|Hassan Hasan|Chaudhry Choudhury Chowdhury Choudhry|Rehman Rahman|Sheikh Shaikh Shaik
Layla Leila Leyla|Noor Nour Nur|Abdulrahman Abdul-Rahman Abdurrahman|Khalid Khaled|Tariq Tarek Tareq
Miah Mia Miya|Khatun Khatoon|Hoque Haque Huq|Siddiqui Siddiqi Siddique|Qureshi Koreshi Quraishi
Chaya Haya Chaia|Chaim Haim Hayim|Chana Hannah Hana|Rivka Rebecca Rifka|Moshe Moishe Moses|Yaakov Yankel Jacob
Yitzchok Yitzchak Isaac|Shmuel Samuel Shmulik|Avraham Abraham Avrumi|Yehuda Judah Yidel|Esther Esti Ester
Aleksandra Alexandra Ola|Katarzyna Kasia Kate|Agnieszka Aga|Malgorzata Gosia|Joanna Asia|Krzysztof Chris Krzys
Wojciech Wojtek|Tomasz Tomek|Jakub Kuba Jacob|Lukasz Luke|Zuzanna Zuzia Susanna|Michal Michael
Alexandru Alex|Ionut Ionel|Stefan Stephen|Mihaela Michaela|Gheorghe George|Vasile Vasi
Oluwaseun Seun|Temitope Tope|Babatunde Tunde|Adebayo Bayo|Funmilayo Funmi|Olufunke Funke|Damilola Dami
Ayodeji Deji|Olumide Mide|Ayomide Ayo|Chukwuemeka Emeka|Somtochukwu Somto|Chidinma Chichi|Kosisochukwu Kosi
Amarachi Amara|Kamsiyochukwu Kamsi|Ifeoluwa Ife|Kwabena Kobina|Kwadwo Kojo|Akosua Esi|Afia Efua
Wong Huang Hwang|Chan Chen|Cheung Zhang Chang|Lam Lin|Leung Liang|Lau Liu|Ng Wu|Tsang Zeng|Xu Hsu|Zhao Chao
Xiaoli Xiao-Li|Yuxuan Yu-Xuan|Haoran Hao-Ran|Zihan Zi-Han|Xinyi Xin-Yi|Tsz-Hin Tszhin|Wing-Yan Wingyan
Subramaniam Subramanian Subramanyam|Thangarajah Thangaraja|Krishnan Krishnan|Kavitha Kavita|Lakshmi Laxmi
Gurpreet Gurprit|Harpreet Harprit|Sandhu Sandu|Dhillon Dillon|Chauhan Chohan|Joao John|Goncalo Gonzalo
Mehmet Mehmed Mohammed|Huseyin Hussein|Yilmaz Yilmas|Celik Chelik|Abdirahman Abdurahman|Hodan Hodon`;

const VARIANTS = new Map<string, string[]>();
for (const group of GROUPS.trim().split(/[|\n]/)) {
  const [full = '', ...others] = group.trim().split(' ');
  VARIANTS.set(full, [...(VARIANTS.get(full) ?? []), ...others]);
}

/** Other forms of a name; none where no other is known. */
export const variantsOf = (name: string): readonly string[] => VARIANTS.get(name) ?? [];
