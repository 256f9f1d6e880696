-- Lets the team's machines contribute their counts; run it as rtkq_server once the tables are there.
GRANT SELECT, INSERT, UPDATE, DELETE ON reporter, team_call, team_rebuild TO rtkq_reader;
