-- An invented database in the manner of jobmon: workflows, their tasks, the attempts at them, and what went wrong.
-- @tasks says how large it becomes; the same number gives the same rows. Filled into the database that is in use.
CREATE TABLE workflow (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  name VARCHAR(150) NOT NULL,
  args_hash CHAR(32) NOT NULL,
  status ENUM('registered', 'running', 'done', 'failed') NOT NULL,
  created DATETIME NOT NULL,
  UNIQUE KEY (name, args_hash)
) ENGINE=InnoDB;

CREATE TABLE task (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  workflow_id INT UNSIGNED NOT NULL,
  name VARCHAR(255) NOT NULL,
  command TEXT NOT NULL,
  attempts TINYINT UNSIGNED NOT NULL,
  FOREIGN KEY (workflow_id) REFERENCES workflow (id)
) ENGINE=InnoDB;

CREATE TABLE task_instance (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  task_id INT UNSIGNED NOT NULL,
  node VARCHAR(64) NOT NULL,
  max_rss_bytes BIGINT UNSIGNED,
  wall_clock_s DECIMAL(10, 2) NOT NULL,
  ended DATETIME NOT NULL,
  FOREIGN KEY (task_id) REFERENCES task (id),
  KEY (ended)
) ENGINE=InnoDB;

CREATE TABLE task_instance_error (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  task_instance_id INT UNSIGNED NOT NULL,
  error_time DATETIME NOT NULL,
  traceback MEDIUMTEXT NOT NULL,
  core BLOB,
  FOREIGN KEY (task_instance_id) REFERENCES task_instance (id)
) ENGINE=InnoDB;

CREATE VIEW failed_workflow AS
  SELECT workflow.id, workflow.name, COUNT(*) AS errors
  FROM workflow JOIN task ON task.workflow_id = workflow.id
    JOIN task_instance ON task_instance.task_id = task.id
    JOIN task_instance_error ON task_instance_error.task_instance_id = task_instance.id
  GROUP BY workflow.id, workflow.name;

INSERT INTO workflow (name, args_hash, status, created)
  SELECT CONCAT('burden_of_disease_', seq), MD5(seq), ELT(1 + seq % 4, 'registered', 'running', 'done', 'failed'),
    '2020-01-01' + INTERVAL seq HOUR
  FROM seq_1_to_100000 WHERE seq <= 1 + @tasks DIV 100;

INSERT INTO task (workflow_id, name, command, attempts)
  SELECT 1 + seq % (1 + @tasks DIV 100), CONCAT('location_', seq % 500, '_draw_', seq),
    CONCAT('python model.py --location ', seq % 500, ' --draw ', seq, ' --comment ''it''''s "quoted" \\ and naïve'''), 1 + seq % 3
  FROM seq_1_to_1000000 WHERE seq <= @tasks;

INSERT INTO task_instance (task_id, node, max_rss_bytes, wall_clock_s, ended)
  SELECT 1 + seq % @tasks, CONCAT('node-', seq % 64), IF(seq % 7, seq * 4096, NULL), seq % 9999 / 7,
    '2020-01-01' + INTERVAL seq MINUTE
  FROM seq_1_to_1000000 WHERE seq <= @tasks * 2;

INSERT INTO task_instance_error (task_instance_id, error_time, traceback, core)
  SELECT seq, '2020-01-01' + INTERVAL seq MINUTE,
    CONCAT('Traceback (most recent call last):\n', REPEAT(CONCAT('  File "model.py", line ', seq % 900, ', in run\n    raise ValueError(''', MD5(seq), ''')\n'), 60)),
    UNHEX(REPEAT(SHA2(seq, 256), 4))
  FROM seq_1_to_1000000 WHERE seq <= @tasks;
