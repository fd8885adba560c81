/** Names of families whose parents or grandparents came from further away: Europe, Africa and the Near East. */
import { list, type Origin } from './origin.ts';

export const WORLD = {
  polish: {
    share: 3,
    female:
      list(`Anna Katarzyna Agnieszka Malgorzata Magdalena Monika Ewa Joanna Aleksandra Natalia Zuzanna Julia Maja
      Zofia Hanna Lena Alicja Oliwia Karolina Marta Paulina Sylwia Dorota Justyna Beata Weronika Wiktoria Kinga Iga`),
    male: list(`Piotr Krzysztof Tomasz Pawel Michal Marcin Jakub Adam Marek Lukasz Grzegorz Mateusz Antoni Jan Szymon
      Franciszek Filip Mikolaj Wojciech Kacper Bartosz Rafal Kamil Dawid Maciej Dominik Oskar Nikodem Ignacy`),
    family: list(`Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak
      Dabrowski Kozlowski Jankowski Mazur Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zajac Pawlowski Michalski
      Krol Wieczorek Jablonski Wrobel Nowicki Majewski Olszewski Stepien Malinowski Jaworski Adamczyk Dudek Pawlak
      Gorski Nowakowski Sikora Witkowski Rutkowski Walczak Baran Michalak Szewczyk Ostrowski Tomaszewski Pietrzak`),
    tail: {
      begin:
        list(`Brzoz Lipin Sosn Topol Jasin Borow Zaleg Makow Sadow Kalin Gajew Rogal Sokol Wilcz Czern Bial Kras
        Mroz Zab Grod Kamien Lesn Stan Dobrow Milew Radow`),
      end: list('owski ewski inski icki ecki czak czyk'),
      share: 0.35,
    },
    custom: 'gendered',
    flat: 6,
  },
  romanian: {
    share: 4,
    female:
      list(`Maria Elena Ioana Andreea Alexandra Mihaela Cristina Ana Gabriela Daniela Raluca Simona Alina Diana
      Roxana Georgiana Larisa Bianca Denisa Sofia Eva Antonia Daria Ilinca Iulia Carmen Florentina Nicoleta`),
    male: list(`Andrei Alexandru Ionut Mihai Cristian Adrian Florin Stefan Gabriel Marian Vasile Gheorghe Ioan
      Constantin Nicolae David Matei Luca Razvan Bogdan Catalin Sorin Costel Darius Eduard Iulian Robert Vlad`),
    family:
      list(`Popa Popescu Ionescu Radu Dumitru Stan Stoica Gheorghe Matei Ciobanu Rusu Munteanu Constantin Marin
      Serban Lazar Nistor Florea Dinu Tudor Dobre Barbu Nita Mocanu Toma Ilie Lungu Sandu Ene Cretu Voicu Manea`),
    tail: {
      begin: list(
        'Vasil Grigor Ion Andron Marin Petr Stef Teodor Dan Luc Filip Anghel Mold Brail Olt Ardel Mur',
      ),
      end: list('escu eanu oiu aru iuc'),
      share: 0.3,
    },
    custom: 'shared',
    flat: 6,
  },
  portuguese: {
    share: 1.5,
    female:
      list(`Maria Ana Joana Mariana Beatriz Ines Carolina Matilde Leonor Sofia Catarina Rita Sara Filipa Marta
      Lara Alice Francisca Daniela Vera Luciana Camila Juliana Fernanda Larissa`),
    male: list(`Joao Pedro Tiago Miguel Francisco Diogo Rodrigo Goncalo Andre Afonso Duarte Rui Nuno Bruno Ricardo
      Paulo Luis Carlos Gabriel Lucas Rafael Santiago Martim Tomas Vasco`),
    family:
      list(`Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Fernandes Goncalves Gomes Lopes
      Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro Cardoso`),
    custom: 'double',
    flat: 4,
  },
  turkish: {
    share: 1.5,
    female:
      list(`Fatma Ayse Emine Hatice Zeynep Elif Meryem Serife Zehra Sultan Defne Asel Azra Nehir Eylul Hiranur
      Esra Busra Merve Ebru Ozlem Gulsen Yasemin Dilara Selin Ceren`),
    male: list(`Mehmet Mustafa Ahmet Ali Huseyin Hasan Ibrahim Ismail Osman Yusuf Murat Omer Ramazan Halil Suleyman
      Alparslan Goktug Eymen Kerem Emre Burak Can Deniz Kaan Baran Aras`),
    family:
      list(`Yilmaz Kaya Demir Celik Sahin Yildiz Yildirim Ozturk Aydin Ozdemir Arslan Dogan Kilic Aslan Cetin
      Kara Koc Kurt Ozkan Simsek Polat Korkmaz Erdogan Tekin Bulut Keskin Unal Gunes`),
    tail: {
      begin: list('Oz Kara Ak Er Bay Gok Demir Tas Yal Gul Al Tun'),
      end: list('turk kaya soy men taş can demir er han bey al oglu').map((end) => end.replace('ş', 's')),
      share: 0.3,
    },
    custom: 'shared',
    flat: 5,
  },
  arabic: {
    share: 3,
    female:
      list(`Fatima Maryam Aisha Zainab Khadija Noor Sara Layla Huda Amina Hanan Rania Salma Yasmin Dina Rasha
      Iman Hiba Reem Nour Shaimaa Ghada Lina Mona Samira Abeer`),
    male: list(`Mohammed Ahmed Ali Omar Hassan Hussein Ibrahim Yousef Mustafa Khalid Abdullah Abdulrahman Mahmoud
      Karim Bilal Tariq Hamza Zaid Faisal Samir Nabil Walid Jamal Rami Anas Yahya`),
    family:
      list(`Mohammed Ahmed Ali Hassan Hussein Ibrahim Abdullah Mahmoud Salem Saleh Al-Hashimi Al-Rashid Khalil
      Mansour El-Sayed Haddad Nasser Osman Bakri Al-Tamimi Al-Jaburi Khoury Darwish Hamdan Saad El-Amin Suleiman
      Othman Al-Masri Al-Zubaidi Najjar Qasim Hakim Farouk`),
    custom: 'personal',
    own: {
      female: list('Ahmed Ali Hassan Mohammed Hussein Ibrahim'),
      male: list('Ali Hassan Mohammed'),
      share: 0.2,
    },
    flat: 4,
  },
  somali: {
    share: 1.5,
    female:
      list(`Fadumo Hodan Amina Khadra Sahra Hawa Ayaan Ifrah Nimco Ubah Asha Halimo Maryan Sagal Idil Deqa Faiza
      Hamdi Zamzam Fartun Najma Leyla Hibo Rahma`),
    male: list(`Mohamed Abdi Ahmed Ali Hassan Abdirahman Yusuf Omar Ibrahim Abdullahi Ismail Mahad Farah Warsame Jama
      Liban Guled Mustaf Zakariya Bile Ayub Abdikadir Hussein Osman Said`),
    family:
      list(`Mohamed Ali Abdi Hassan Ahmed Farah Hussein Omar Yusuf Jama Warsame Osman Ibrahim Adan Nur Aden Isse
      Duale Elmi Hersi Roble Samatar Gedi Abdullahi Guled Mohamud`),
    custom: 'grandfather',
    flat: 3,
  },
  yoruba: {
    share: 2,
    female:
      list(`Folake Titilayo Yetunde Funmilayo Bukola Ayomide Temitope Abimbola Olufunke Kehinde Taiwo Adunni
      Omolara Morenike Simisola Damilola Ifeoluwa Oluwaseun Toluwani Adeola Grace Blessing Esther Deborah`),
    male: list(`Adebayo Olumide Babatunde Oluwaseun Ayodeji Kehinde Taiwo Adewale Segun Femi Kunle Tunde Gbenga
      Damilola Ayomide Temidayo Olamide Oluwatobi Emmanuel David Samuel Daniel Joshua`),
    family:
      list(`Adeyemi Adebayo Oladipo Ogunleye Afolabi Adeleke Balogun Akinola Olawale Adekunle Ojo Bello Ajayi
      Lawal Salami Oyelaran Okunola Fashola Alabi`),
    tail: {
      begin: list('Ade Ola Olu Akin Ogun Oye Ayo Fa Ojo Awo Oni'),
      end: list('bayo wale yemi kunle leye ola tunde sanya dare niyi femi boye yinka gbesan sola toye'),
      share: 0.5,
    },
    custom: 'shared',
    flat: 6,
  },
  igbo: {
    share: 1.5,
    female:
      list(`Chioma Ngozi Adaeze Nkechi Ifeoma Amarachi Chidinma Uchenna Obioma Kosisochukwu Adanna Chinwe
      Nneka Ogechi Kamsiyochukwu Precious Blessing Favour Mercy Chiamaka`),
    male: list(`Chukwuemeka Obinna Emeka Ikenna Chidi Uche Kelechi Nnamdi Chinedu Ifeanyi Somtochukwu Kenechukwu
      Ebuka Arinze Tobenna Chibuzor Emmanuel Victor Michael Munachi`),
    family:
      list(`Okafor Okonkwo Eze Nwosu Obi Okoye Nwachukwu Onyekachi Igwe Anyanwu Umeh Chukwu Nnadi Ugwu Okeke
      Ibe Azubuike Agu Ezeh Udeh`),
    tail: {
      begin: list('Nwa Oko Eze Chukwu Anyi Onye Ugo Obi Iro'),
      end: list('ma ji nna ka dike agu eze ndu kwe lue'),
      share: 0.4,
    },
    custom: 'shared',
    flat: 6,
  },
  ghanaian: {
    share: 1.5,
    female:
      list(`Abena Akosua Ama Afia Yaa Esi Adwoa Efua Akua Araba Adjoa Serwaa Nana Maame Gifty Comfort Mercy
      Patience Abigail Priscilla`),
    male: list(`Kwame Kofi Kwabena Yaw Kwaku Kojo Kwasi Kwadwo Ebo Fiifi Nana Emmanuel Isaac Samuel Eric Daniel Prince
      Richmond Desmond Bright`),
    family:
      list(`Mensah Owusu Osei Asante Boateng Appiah Agyeman Amoah Addo Acheampong Ofori Annan Antwi Adjei Sarpong
      Opoku Danso Boakye Yeboah Frimpong Asamoah Bonsu Darko Quaye Tetteh Lartey Ansah Nkrumah`),
    custom: 'shared',
    flat: 5,
  },
  orthodoxJewish: {
    share: 1.5,
    female:
      list(`Chaya Rivka Sarah Rachel Leah Esther Miriam Chana Rochel Devorah Malka Gittel Faigy Raizel Shaindel
      Bracha Yehudis Tzipora Perel Hindy Blimi Ruchy`),
    male: list(`Moshe Yosef Chaim Yaakov Avraham Yitzchok Shmuel Menachem Dovid Mordechai Shlomo Yisroel Yehuda Aron
      Eliezer Naftoli Pinchas Hershel Mendel Yechiel Lipa Simcha`),
    family:
      list(`Cohen Levy Friedman Weiss Klein Schwartz Katz Stern Gluck Grossman Kahan Adler Halberstam Feldman
      Spitzer Lebrecht Posen Itzkowitz Hager`),
    tail: {
      begin: list('Gold Rosen Silber Green Wein Blum Fein Licht Roth Schon Stein Herz Apfel Mandel Perl'),
      end: list('berg stein man feld baum blatt thal zweig wasser'),
      share: 0.45,
    },
    custom: 'shared',
    flat: 4,
  },
} satisfies Record<string, Origin>;
