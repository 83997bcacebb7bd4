#include "state/run_state.h"

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/duration.h"
#include "base/error.h"
#include "state/instance_name.h"

namespace runbook {

std::string_view step_state_name(StepState state) {
  switch (state) {
    case StepState::pending: return "pending";
    case StepState::waiting: return "waiting";
    case StepState::running: return "running";
    case StepState::succeeded: return "succeeded";
    case StepState::satisfied: return "satisfied";
    case StepState::skipped: return "skipped";
    case StepState::failed: return "failed";
    case StepState::cancelled: return "cancelled";
    case StepState::in_doubt: return "in_doubt";
    case StepState::undone: return "undone";
  }
  RUNBOOK_ASSERT(false);
}

bool is_done(StepState state) {
  return state == StepState::succeeded || state == StepState::satisfied || state == StepState::skipped;
}

namespace {

// One function per event of an instance; `body` may lack anything.
void end(InstanceState& it, StepState state, const Event& event) {
  it.state = state;
  it.why = event.body.text_or("why", "");
  it.ended_at_ms = event.at_ms;
  it.is_open = it.has_exited = it.is_verifying = it.is_overdue = it.must_stop = false;
  it.retry_at_ms.reset();
  it.deadline_ms.reset();
}

void on_intent(InstanceState& it, const Event& event) {
  const Value& body = event.body;
  it.state = StepState::running;
  it.why.clear();
  it.attempt = event.attempt;
  it.attempts += 1;
  it.all_attempts += 1;
  it.is_open = true;
  it.has_exited = it.is_verifying = it.is_overdue = it.must_stop = false;
  it.retry_at_ms.reset();
  it.deadline_ms.reset();
  if (body.find("deadline_ms")) it.deadline_ms = body.int_or("deadline_ms", 0);
  it.before = blob_digest(body.get("before"));
  it.request = blob_digest(body.get("request"));
  it.token = body.text_or("token", "");
  it.boot_id = body.text_or("boot", "");
  it.had_secrets = body.bool_or("secrets", false);
  it.output.clear();
  it.findings.clear();
  it.exit_code.reset();
  it.started_at_ms = event.at_ms;
  it.ended_at_ms = 0;
  if (it.acted_seq == 0) it.before_first = it.before;
  it.acted_before_seq = std::exchange(it.acted_seq, event.seq);
}

void take_output(InstanceState& it, const Value& body) {
  if (body.find("output")) it.output = blob_digest(body.get("output"));
  if (body.find("findings")) it.findings = blob_digest(body.get("findings"));
  if (body.find("output_total")) it.output_total = body.int_or("output_total", 0);
  if (body.find("exit_code")) it.exit_code = body.int_or("exit_code", 0);
  if (body.find("outputs")) it.outputs = blob_digest(body.get("outputs"));
  for (std::string& process : texts_in(body.get("left"))) it.left.push_back(std::move(process));
}

// A person said that it is done: a manual step has no intent.
void note_deed_by_hand(InstanceState& it, const Event& event) {
  if (event.attempt != 0 || it.answer.empty()) return;
  if (it.acted_seq == 0) it.before_first = it.before;
  const std::int64_t before = std::exchange(it.acted_seq, event.seq);
  if (!it.has_exited) it.acted_before_seq = before;  // else it was noted when it was confirmed
}

void on_exited(InstanceState& it, const Event& event) {
  if (it.state == StepState::waiting) it.state = StepState::running;  // a manual step
  note_deed_by_hand(it, event);
  it.has_exited = true;
  it.is_verifying = event.body.bool_or("verifying", false);
  it.is_overdue = false;
  it.deadline_ms.reset();
  it.looks_until_ms = event.body.int_or("looks_until_ms", 0);
  take_output(it, event.body);
}

void on_ended(InstanceState& it, const Event& event) {
  const Value& body = event.body;
  take_output(it, body);
  std::string result = body.text_or("result", "failed");
  if (result == "succeeded") {
    note_deed_by_hand(it, event);
    return end(it, StepState::succeeded, event);
  }
  if (result == "cancelled") return end(it, StepState::cancelled, event);
  if (result == "not_started") {
    it.attempts -= 1;
  }
  bool is_tried_again = body.find("retry_at_ms") != nullptr;
  bool begins_anew = body.bool_or("again", false);
  // That it is begun again after a doubt proves nothing: what may have been done is still to be undone.
  const bool did_nothing = result == "not_started" || body.bool_or("had_no_effect", false);
  if (did_nothing) it.acted_seq = it.acted_before_seq;
  end(it, is_tried_again ? StepState::waiting : begins_anew ? StepState::pending : StepState::failed, event);
  if (is_tried_again) it.retry_at_ms = body.int_or("retry_at_ms", 0);
}

// That it is begun anew takes nothing back: what an earlier attempt did is still to be undone.
void on_renewed(InstanceState& it, const Event& event) {
  const std::int64_t acted_seq = it.acted_seq;
  std::string before_first = std::move(it.before_first);
  int group = it.group + 1, all = it.all_attempts;
  std::int64_t attempt = it.attempt;
  std::vector<std::string> left = std::move(it.left);
  it = InstanceState();
  it.left = std::move(left);
  it.group = group;
  it.all_attempts = all;
  it.attempt = attempt;
  it.acted_seq = acted_seq;
  it.before_first = std::move(before_first);
  it.why = event.body.text_or("why", "");
}

void on_included(InstanceState& it, const Event& event) {
  it.state = StepState::running;
  it.why.clear();
  it.inputs = blob_digest(event.body.get("inputs"));
  it.started_at_ms = event.at_ms;
  it.ended_at_ms = 0;
}

// It can be done anew, as another group.
void on_undone(InstanceState& it, const Event& event) {
  on_renewed(it, event);
  it.acted_seq = 0;
  it.before_first.clear();
  it.state = StepState::undone;
  it.ended_at_ms = event.at_ms;
}

void on_waiting(InstanceState& it, const Event& event) {
  it.state = StepState::waiting;
  it.why = event.body.text_or("why", "");
  it.deadline_ms = event.body.int_or("deadline_ms", 0);
  it.started_at_ms = event.at_ms;
}

void on_rescheduled(InstanceState& it, const Value& body) {
  if (body.find("deadline_ms")) it.deadline_ms = body.int_or("deadline_ms", 0);
  if (body.find("retry_at_ms")) it.retry_at_ms = body.int_or("retry_at_ms", 0);
  it.looks_until_ms = body.int_or("looks_until_ms", it.looks_until_ms);
}

void apply_to_instance(InstanceState& it, const Event& event) {
  const std::string& k = event.kind;
  if (k == event::intent) return on_intent(it, event);
  if (k == event::exited) return on_exited(it, event);
  if (k == event::ended) return on_ended(it, event);
  if (k == event::renewed) return on_renewed(it, event);
  if (k == event::waiting) return on_waiting(it, event);
  if (k == event::included) return on_included(it, event);
  if (k == event::undone) return on_undone(it, event);
  if (k == event::rescheduled) return on_rescheduled(it, event.body);
  if (k == event::overdue) {
    it.is_overdue = true;
  } else if (k == event::verifying) {
    it.is_verifying = true;
    it.looks_until_ms = event.body.int_or("looks_until_ms", 0);
    take_output(it, event.body);
  } else if (k == event::satisfied) {
    take_output(it, event.body);
    end(it, StepState::satisfied, event);
  } else if (k == event::skipped) {
    end(it, StepState::skipped, event);
    it.is_given_up = event.body.bool_or("given_up", false);
  } else if (k == event::refused) {
    take_output(it, event.body);
    end(it, StepState::failed, event);
  } else if (k == event::doubted) {
    it.state = StepState::in_doubt;
    it.why = event.body.text_or("why", "");
    it.looks_until_ms = event.body.int_or("looks_until_ms", 0);
    it.has_exited = false;
    take_output(it, event.body);
  }
}

Question asked(const Event& event) {
  Question question;
  question.id = event.body.text_or("question", "");
  question.instance = event.instance;
  question.about = event.body.text_or("about", "");
  question.text = event.body.text_or("text", "");
  question.phrase = event.body.text_or("phrase", "");
  question.phrase_sha256 = event.body.text_or("phrase_sha256", "");
  question.form = blob_digest(event.body.get("form"));
  question.form_size = event.body.get("form").int_or("size", 0);
  question.sha256 = event.body.text_or("sha256", "");
  question.number = event.body.int_or("number", 0);
  question.count = event.body.int_or("count", 0);
  question.not_operator = event.body.bool_or("not_operator", false);
  question.by = texts_in(event.body.get("by"));
  question.asked_at_ms = event.at_ms;
  question.choices = texts_in(event.body.get("choices"));
  question.changed = texts_in(event.body.get("changed"));
  const Value files = event.body.get("files");
  for (const auto& [path, digest] : files.is_map() ? files.as_map() : Map())
    if (digest.is_text()) question.files[path] = digest.as_text();
  return question;
}

void take_files(RunState& run, const Value& files) {
  if (!files.is_map()) return;
  run.files.clear();
  for (const auto& [path, digest] : files.as_map())
    if (digest.is_text()) run.files[path] = digest.as_text();
}

// Seen for the first time, or written by a step.
void note_files(RunState& run, const Value& files) {
  if (!files.is_map()) return;
  for (const auto& [path, digest] : files.as_map())
    if (digest.is_text()) run.files[path] = digest.as_text();
}

void began(RunState& run, const Event& event) {
  const Value& body = event.body;
  run.runbook = body.text_or("runbook", "");
  run.title = body.text_or("title", "");
  run.version = body.text_or("version", "");
  run.file = body.text_or("file", "");
  run.dir = body.text_or("dir", "");
  run.operator_name = body.text_or("operator", "");
  run.host = body.text_or("host", "");
  run.engine = body.text_or("engine", "");
  run.lock = body.text_or("lock", "");
  run.is_scripted = body.find("scripted") != nullptr;
  run.definition = blob_digest(body.get("definition"));
  run.definition_sha256 = run.file_sha256 = body.text_or("definition_sha256", "");
  run.outline = blob_digest(body.get("outline"));
  run.about = blob_digest(body.get("about"));
  run.included = blob_digest(body.get("included"));
  run.inputs = blob_digest(body.get("inputs"));
  run.began_at_ms = event.at_ms;
  run.state = "running";
  take_files(run, body.get("files"));
  run.drivers.insert(run.operator_name);
}

// A manual step waits as long as its question is open.
void begin_manual(InstanceState& it, const Question& question, const Event& event) {
  it.state = StepState::waiting;
  it.why = question.text;
  it.before = blob_digest(event.body.get("before"));
  it.started_at_ms = event.at_ms;
  it.ended_at_ms = 0;
}

void note_deviation(RunState& run, const Event& event, std::string what) {
  run.deviations.push_back({event.seq, event.at_ms, event.instance, std::move(what), event.body.text_or("who", ""),
                            event.body.text_or("because", "")});
}

void note_scrubbed(RunState& run, const Event& event) {
  const Value blobs = event.body.get("blobs");
  for (const Value& blob : blobs.is_list() ? blobs.as_list() : List()) run.scrubbed.insert(blob.text_or("from", ""));
  const std::size_t texts = (blobs.is_list() ? blobs.as_list().size() : 0) + event.body.int_or("answers", 0);
  note_deviation(run, event, "scrubbed: " + counted(texts, "recorded text"));
}

// A shell that was opened with the step's environment.
void note_how_long(RunState& run, const Event& event) {
  const auto opened = std::find_if(run.deviations.rbegin(), run.deviations.rend(), [&](const Deviation& each) {
    return each.instance == event.instance && each.seq == event.body.int_or("opened", 0);
  });
  if (opened != run.deviations.rend()) opened->what = "a shell was open for " + elapsed_text(event.body.int_or("lasted_ms", 0));
}

// By a typed phrase, or by one more of those who must.
void approved(InstanceState& it, const Question& question, const Event& event) {
  if (question.sha256.empty()) {
    it.is_approved = true;
    it.phrase_sha256 = question.phrase_sha256;
    return;
  }
  if (it.approved_sha256 != question.sha256) it.approved_by.clear();
  it.approved_sha256 = question.sha256;
  it.approved_by.push_back(event.body.text_or("approver", question.answered_by));
}

void take_changed_files(RunState& run, const std::map<std::string, std::string>& files) {
  for (const auto& [path, digest] : files) {
    if (digest.empty()) run.files.erase(path);
    else run.files[path] = digest;
  }
}

void answered(RunState& run, const Event& event) {
  auto found = run.questions.find(event.body.text_or("question", ""));
  if (found == run.questions.end()) return;
  Question& question = found->second;
  question.is_open = false;
  InstanceState& it = run.instances[question.instance];
  if (it.question == question.id) it.question.clear();
  std::string choice = event.body.text_or("choice", "");
  question.choice = choice;
  question.answered_by = event.body.text_or("who", "");
  const bool is_taken = choice != turned_away;
  const bool is_done_by_hand = question.about == "failed" && choice == "done";
  if (is_done_by_hand) note_deviation(run, event, "failed, and said to be done");
  if ((question.about == "manual" && is_taken) || is_done_by_hand) {
    it.answer = choice;
    it.answered_by = question.answered_by;
    it.evidence = blob_digest(event.body.get("evidence"));
  }
  if (question.about == "approval" && choice == "approve") approved(it, question, event);
  if (question.about == "doubt" && choice == looks_again) it.why.clear();
  else if (question.about == "doubt") note_deviation(run, event, "in doubt, decided: " + choice);
  if (question.about == "files" && choice == "take") {
    take_changed_files(run, question.files);
    for (const std::string& what : question.changed) note_deviation(run, event, "took a changed file: " + what);
  }
  if (question.about == "overdue") it.deadline_ms.reset();
  if (question.about == "overdue" && choice == "stop") it.must_stop = true;
}

void close_questions_of(RunState& run, const std::string& instance) {
  InstanceState& it = run.instances[instance];
  if (it.question.empty()) return;
  if (auto found = run.questions.find(it.question); found != run.questions.end()) found->second.is_open = false;
  it.question.clear();
}

// The sections of the runbook, with all that loops made of them; what is not named is gone. Those of included runbooks stay.
void rename_sections(RunState& run, const Value& names) {
  std::map<std::string, SectionState> renamed;
  for (auto& [name, section] : run.sections) {
    const std::size_t end = std::min(name.find('['), name.size());
    const Value* to = names.find(name.substr(0, end));
    if (name_without_keys(name).find('/') != std::string::npos) renamed[name] = std::move(section);
    else if (to && to->is_text()) renamed[to->as_text() + name.substr(end)] = std::move(section);
  }
  run.sections = std::move(renamed);
}

// What the instance is called when steps of the runbook have new names: "copy[a]" is "sync[a]" then. "": as before.
std::string new_name(const Value& names, const std::string& name) {
  const std::size_t end = std::min(name.find_first_of("[/:"), name.size());
  const Value* to = names.find(name.substr(0, end));
  return to && to->is_text() ? to->as_text() + name.substr(end) : "";
}

// All at once: two steps may have taken each other's name.
void rename_steps(RunState& run, const Event& event) {
  const Value names = event.body.get("renamed");
  if (!names.is_map() || names.as_map().empty()) return;
  std::unordered_map<std::string, InstanceState> instances;
  for (auto& [name, it] : run.instances) {
    const std::string now = new_name(names, name);
    if (!now.empty()) run.renamings.push_back({event.seq, name, now});
    instances[now.empty() ? name : now] = std::move(it);
  }
  run.instances = std::move(instances);
  for (auto& [id, question] : run.questions) {
    if (const std::string now = new_name(names, question.instance); !now.empty()) question.instance = now;
  }
}

// A run that was left is open again as long as it lasts.
void begin_undo(RunState& run, const Event& event) {
  run.is_undoing = true;
  run.undo_began_at_ms = event.at_ms;
  run.is_cancelling = false;
  run.undo_to = event.body.text_or("to", "");
  run.undo_border = event.body.int_or("border", 0);
  run.was_left_before = run.was_left();
  run.ended_at_ms = 0;
  run.state = "running";
}

// Who approved did not see the runbook, the inputs and the files as they are now.
void forget_approvals(RunState& run) {
  for (auto& [name, it] : run.instances) {
    it.is_approved = false;
    it.approved_sha256.clear();
    it.approved_by.clear();
  }
}

void adopted(RunState& run, const Event& event) {
  const Value& body = event.body;
  run.definition = blob_digest(body.get("definition"));
  run.definition_sha256 = body.text_or("definition_sha256", "");
  run.file_sha256 = body.text_or("file_sha256", run.definition_sha256);
  run.outline = blob_digest(body.get("outline"));
  run.about = blob_digest(body.get("about"));
  run.included = blob_digest(body.get("included"));
  if (body.find("inputs")) run.inputs = blob_digest(body.get("inputs"));
  run.title = body.text_or("title", run.title);
  run.version = body.text_or("version", run.version);
  take_files(run, body.get("files"));
  forget_approvals(run);
  rename_steps(run, event);
  rename_sections(run, body.get("sections"));
  note_deviation(run, event, body.text_or("what", "went on with a changed runbook"));
}

// By an engine that goes on, and not by a command that only writes.
void driven_on(RunState& run, const Event& event) {
  const std::string who = event.body.text_or("who", "");
  run.drivers.insert(who);
  run.paused_at_ms = 0;
  if (!run.open_handoff()) return;
  run.handoffs.back().taken_by = who;
  run.handoffs.back().taken_at_ms = event.at_ms;
}

void apply_to_run(RunState& run, const Event& event) {
  const std::string& k = event.kind;
  if (k == event::run_began) return began(run, event);
  if (k == event::adopted) return adopted(run, event);
  if (k == event::driven) {
    if (!run.was_left()) run.state = "running";
    if (!run.was_left()) run.why.clear();
    run.epoch = event.body.int_or("epoch", run.epoch);
    if (event.body.text_or("how", "") != "command") driven_on(run, event);
    if (event.body.text_or("how", "") == "take-over") note_deviation(run, event, "taken over from a running engine");
  } else if (k == event::accepted) {
    note_deviation(run, event, event.body.text_or("what", ""));
  } else if (k == event::pinned) {
    run.targets[event.body.text_or("target", "")] = {event.body.get("identity"), event.body.text_or("text", "")};
  } else if (k == event::handed_off) {
    run.handoffs.push_back({event.seq, event.at_ms, event.body.text_or("who", ""), event.body.text_or("note", ""), "", 0});
  } else if (k == event::scrubbed) {
    note_scrubbed(run, event);
  } else if (k == event::cancelling) {
    run.is_cancelling = true;
  } else if (k == event::undoing) {
    begin_undo(run, event);
  } else if (k == event::undo_ended) {
    run.is_undoing = false;
    run.undo_to.clear();
    run.leaves_as = event.body.text_or("leaves", "");
    if (!run.leaves_as.empty()) run.is_cancelling = true;
  } else if (k == event::paused) {
    run.state = event.body.text_or("state", "interrupted");
    run.why = event.body.text_or("why", "");
    if (run.paused_at_ms == 0) run.paused_at_ms = event.at_ms;
    take_files(run, event.body.get("files"));
  } else if (k == event::left) {
    run.state = event.body.text_or("state", "cancelled");
    run.why = event.body.text_or("why", "");
    run.outputs = blob_digest(event.body.get("outputs"));
    run.ended_at_ms = event.at_ms;
    run.is_cancelling = run.is_undoing = false;
  }
}

void apply_to_section(SectionState& section, const Event& event) {
  using Phase = SectionState::Phase;
  const std::string& k = event.kind;
  if (k == event::section_entered) {
    section.phase = Phase::entered;
    section.list = blob_digest(event.body.get("list"));
    section.batches.clear();
    const Value batches = event.body.get("batches");
    for (const Value& size : batches.is_list() ? batches.as_list() : List())
      if (size.is_int()) section.batches.push_back(size.as_int());
    return;
  }
  if (k == event::section_left) {
    section.phase = Phase::left;
    return;
  }
  section.phase = k == event::section_skipped ? Phase::skipped : Phase::failed;
  section.why = event.body.text_or("why", "");
  section.step = event.body.text_or("step", "");
}

void apply_to_watch(WatchState& watch, const Event& event) {
  using Sight = WatchState::Sight;
  const std::string state = event.body.text_or("state", "good");
  watch.sight = state == "tripped" ? Sight::tripped : state == "bad" ? Sight::bad : Sight::good;
  watch.why = event.body.text_or("why", "");
  watch.since_ms = event.at_ms;
}

// What it undid can be done anew: the sections around it are open again, and its undo can be called once more.
void undone(RunState& run, const Event& event) {
  for (const std::string& section : texts_in(event.body.get("reopens"))) {
    const auto found = run.sections.find(section);
    if (found != run.sections.end()) found->second.phase = SectionState::Phase::entered;
    const auto include = run.instances.find(section);
    if (include != run.instances.end()) include->second.state = StepState::running;
  }
  if (const auto by = run.instances.find(event.body.text_or("by", "")); by != run.instances.end())
    on_renewed(by->second, event);
}

bool is_of_section(std::string_view kind) {
  return kind == event::section_entered || kind == event::section_skipped || kind == event::section_failed ||
         kind == event::section_left;
}

}  // namespace

void RunState::apply(const Event& event) {
  seq = std::max(seq, event.seq);
  last_attempt = std::max(last_attempt, event.attempt);
  if (event.instance.empty()) return apply_to_run(*this, event);
  const std::string& k = event.kind;
  if (is_of_section(k)) {
    apply_to_section(sections[event.instance], event);
  } else if (k == event::watched) {
    apply_to_watch(watches[event.instance], event);
  } else if (k == event::asked) {
    Question question = asked(event);
    instances[event.instance].question = question.id;
    if (question.about == "manual") begin_manual(instances[event.instance], question, event);
    if (event.body.find("why")) instances[event.instance].why = event.body.text_or("why", "");
    questions[question.id] = std::move(question);
  } else if (k == event::answered) {
    answered(*this, event);
  } else if (k == event::ticked) {
    auto found = questions.find(event.body.text_or("question", ""));
    if (found != questions.end() && found->second.is_open) found->second.ticked.insert(event.body.int_or("item", 0));
  } else {
    if (k == event::intent) note_files(*this, event.body.get("files"));
    if (k == event::skipped && event.body.find("who")) note_deviation(*this, event, "skipped");
    if (k == event::renewed && event.body.text_or("how", "") == "redo") note_deviation(*this, event, "done anew");
    if (k == event::shell_opened) note_deviation(*this, event, "a shell was opened");
    if (k == event::shell_closed) note_how_long(*this, event);
    bool settles =
        k == event::ended || k == event::renewed || k == event::skipped || k == event::satisfied || k == event::undone;
    if (settles) close_questions_of(*this, event.instance);
    if (k == event::renewed) watches.erase(event.instance);
    if (k == event::undone) undone(*this, event);
    apply_to_instance(instances[event.instance], event);
  }
}

std::string RunState::name_now(const Event& event) const {
  std::string name = event.instance;
  std::int64_t at = event.seq;
  for (const Renaming& renaming : renamings) {
    // Those of one event are made at once.
    if (renaming.seq <= at || renaming.from != name) continue;
    name = renaming.to;
    at = renaming.seq;
  }
  return name;
}

const InstanceState& RunState::of(const std::string& instance) const {
  static const InstanceState untouched;
  auto found = instances.find(instance);
  return found == instances.end() ? untouched : found->second;
}

const SectionState* RunState::section(const std::string& name) const {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

const WatchState& RunState::watch(const std::string& instance) const {
  static const WatchState unseen;
  const auto found = watches.find(instance);
  return found == watches.end() ? unseen : found->second;
}

const Handoff* RunState::open_handoff() const {
  return handoffs.empty() || handoffs.back().taken_at_ms != 0 ? nullptr : &handoffs.back();
}

const Question* RunState::open_question(const std::string& instance) const {
  const std::string& id = of(instance).question;
  auto found = questions.find(id);
  return id.empty() || found == questions.end() ? nullptr : &found->second;
}

}  // namespace runbook
