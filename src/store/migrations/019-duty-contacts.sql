-- How the team on duty is reached: a number of the service, never of a person, and when somebody last found it right.
create table duty_contact (
  service uuid primary key references service, phone text not null, hours text not null, confirmed date not null);
