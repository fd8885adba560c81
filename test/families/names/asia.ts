/** Names of families whose parents or grandparents came from South and East Asia. */
import { list, type Origin } from './origin.ts';

export const ASIA = {
  pakistani: {
    share: 6,
    female:
      list(`Ayesha Fatima Saima Nadia Shazia Sana Maryam Zainab Khadija Amina Rabia Sadia Bushra Nazia Samina
      Uzma Farah Iqra Hafsa Hira Mahnoor Aleena Anaya Inaya Zara Shabana Rukhsana Nasreen Tahira Sobia`),
    male: list(`Mohammed Ali Imran Usman Bilal Ahmed Hamza Asif Adnan Kashif Nadeem Tariq Zubair Faisal Shahid Waqas
      Ibrahim Yusuf Zayn Musa Hassan Haris Umar Rayyan Eesa Zakariya Adeel Sajid Arshad Khalid`),
    family:
      list(`Khan Hussain Ahmed Mahmood Akhtar Ali Malik Iqbal Mohammed Shah Butt Mirza Chaudhry Raja Qureshi
      Sheikh Rehman Aslam Javed Riaz Bashir Hanif Rashid Saeed Sharif Yousaf Zaman Anwar Aziz Bhatti Dar Siddiqui`),
    custom: 'personal',
    own: {
      female: list('Bibi Begum Kausar Akhtar Parveen Jan'),
      male: list('Khan Hussain Ahmed Ali'),
      share: 0.35,
    },
    flat: 3,
  },
  bangladeshi: {
    share: 2.5,
    female:
      list(`Fatema Rahima Nasima Shahena Rukshana Taslima Ayesha Sultana Farzana Sabina Jannat Maryam Amina Nazma
      Rehana Shirin Tahmina Halima Safa Inaya Rina Shapla Lucky Monira`),
    male: list(`Mohammed Abdul Rahim Karim Shah Jamal Kamal Nurul Faruk Habibur Mizanur Rafique Salim Shafiq Tanvir
      Ibrahim Yusuf Ayaan Zayd Rayhan Anwar Delwar Monir Sohel`),
    family:
      list(`Miah Ali Uddin Ahmed Islam Rahman Hussain Khan Choudhury Hoque Alam Kabir Sarker Haque Mia Begum
      Chowdhury Talukdar Bhuiyan Molla`),
    custom: 'personal',
    own: { female: list('Begum Khatun Khanom Bibi Akter'), male: list('Miah Ali Ahmed Uddin'), share: 0.55 },
    flat: 2.5,
  },
  punjabi: {
    share: 3,
    female:
      list(`Harpreet Manpreet Jaspreet Simran Gurpreet Kiran Rajinder Baljit Sukhjit Amandeep Navdeep Parminder
      Jasleen Avneet Gurleen Mehar Harleen Satinder Ravneet Komal`),
    male: list(`Gurpreet Harpreet Jaspreet Amandeep Manpreet Sukhdeep Rajinder Baljit Parminder Arjan Fateh Jagdeep
      Harjit Balraj Karan Angad Jasdeep Kulwinder Satnam Veer`),
    family:
      list(`Singh Kaur Gill Sidhu Dhillon Sandhu Grewal Dhaliwal Bains Mann Virk Johal Atwal Sahota Bhogal Uppal
      Chahal Kang Rai Hayer Toor Purewal`),
    custom: 'personal',
    own: { female: list('Kaur'), male: list('Singh'), share: 0.5 },
    second: { female: list('Kaur'), male: list('Singh') },
    flat: 3,
  },
  gujarati: {
    share: 2.5,
    female:
      list(`Priya Nisha Pooja Hetal Bhavna Jalpa Kajal Meera Neha Reena Hina Sonal Dipti Krupa Riya Anaya Aarya
      Diya Khushi Shreya Mital Komal`),
    male: list(`Nikhil Hitesh Jignesh Bhavesh Kiran Rakesh Amit Mehul Chirag Dhruv Krish Aarav Vivaan Dev Jay Rohan
      Mitesh Ketan Pratik Hardik Sanjay Viraj`),
    family:
      list(`Patel Shah Desai Mistry Parmar Solanki Joshi Mehta Chauhan Bhatt Modi Thakkar Vaghela Rana Panchal
      Amin Trivedi Gandhi Dave Pandya Limbachia Kotecha Lad Tailor`),
    custom: 'shared',
    flat: 2,
  },
  tamil: {
    share: 2,
    female:
      list(`Priya Kavitha Lakshmi Deepa Anitha Revathi Sangeetha Meena Divya Nithya Shanthi Vani Tharshini
      Abirami Dharshika Janani Kirushanthi Mathura Sivani Thulasi`),
    male: list(`Karthik Suresh Ramesh Kumar Senthil Arun Vijay Prakash Rajan Saravanan Murugan Siva Thiru Kugan
      Ragavan Nirushan Pirathap Kajan Tharmalingam Yogan`),
    family:
      list(`Subramaniam Sivakumar Rajaratnam Krishnan Selvaraj Arumugam Nadarajah Thangarajah Balasubramaniam
      Sivalingam Ponnambalam Kandiah Velupillai Ganeshan Yogarajah Mahendran`),
    tail: {
      begin: list('Siva Raja Bala Maha Thanga Selva Kandasa Ananda Jeya Yoga Nada Rama Guna'),
      end: list('lingam rajah ratnam kumar nathan moorthy samy pillai chandran segaram ganeshan'),
      share: 0.5,
    },
    custom: 'patronymic',
    flat: 6,
  },
  chinese: {
    share: 2,
    female:
      list(`Xiaoli Ying Mei Yan Fang Jing Lili Hui Xia Na Min Wen Ka-Yan Wing-Yan Hoi-Yan Yuet-Ming Grace
      Emily Jenny Vivian Michelle Yuxuan Ruoxi Zihan Xinyi`),
    male: list(`Wei Jun Ming Lei Hao Tao Qiang Jie Bin Chao Ka-Ho Chi-Wai Wai-Man Tsz-Hin Jason Kevin Eric Daniel
      Haoran Zixuan Yichen Junjie Muchen Yuze`),
    family:
      list(`Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Lin Zhu Gao Wong Chan Cheung Lam Leung Lau Ng
      Ho Yip Tang Tsang Kwok`),
    custom: 'shared',
    flat: 3,
  },
} satisfies Record<string, Origin>;
