#include "cli/live_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "state/instance_name.h"

namespace runbook {

namespace {

constexpr std::size_t most_kept_of_output = 4096;  // of one step
constexpr std::size_t most_steps_looked_through_each_time = 2'000;

Doing::What what_of(const std::string& instance, const InstanceState& it) {
  if (!it.question.empty()) return Doing::What::asks;
  if (it.state == StepState::in_doubt) return Doing::What::in_doubt;
  if (it.state == StepState::waiting) return it.retry_at_ms ? Doing::What::retries : Doing::What::waits;
  if (it.has_exited) return Doing::What::looks;
  return is_undo(instance) ? Doing::What::undoes : Doing::What::runs;
}

bool is_at_work(const InstanceState& it) {
  return it.state == StepState::running || it.state == StepState::waiting || it.state == StepState::in_doubt ||
         !it.question.empty();
}

void collect_titles(const Section& section, const std::string& around, std::unordered_map<const Step*, std::string>& titles) {
  const std::string joint = around.empty() || section.title.empty() ? "" : " › ";
  const std::string here = around + joint + section.title;
  for (const auto& child : section.children) {
    if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) titles[step->get()] = here;
    else collect_titles(*std::get<std::unique_ptr<Section>>(child), here, titles);
  }
  for (const Watch& watch : section.watches)
    if (watch.on_trip) collect_titles(*watch.on_trip, here, titles);
  for (const Section* extra : {section.rescue.get(), section.finally.get()})
    if (extra) collect_titles(*extra, here, titles);
}

}  // namespace

LiveModel::LiveModel(const Runbook& runbook, std::string run, const RunState& state, PastDurations past)
    : runbook_(runbook), past_(std::move(past)) {
  picture_.title = runbook.title.empty() ? runbook.name : runbook.title;
  picture_.run = std::move(run);
  picture_.steps = runbook.steps.size();
  for (std::size_t i = 0; i < runbook.steps.size(); ++i) numbers_[runbook.steps[i]->id] = i + 1;
  take_run(state);
  for (const auto& [name, section] : state.sections) take_loop(name, section);
  for (const auto& [instance, it] : state.instances) take_step(instance, state);
}

void LiveModel::take_run(const RunState& state) {
  using Course = LivePicture::Course;
  picture_.began_at_ms = state.began_at_ms;
  picture_.course = state.is_undoing ? Course::undoing : state.is_cancelling ? Course::cancelling : Course::forward;
  picture_.targets.clear();
  std::string last;
  for (const auto& [row, pinned] : state.targets) {  // those of one target stand together
    const std::string name = row.substr(0, row.find('.'));
    if (!picture_.targets.empty() && name == last) picture_.targets.back() += ", " + pinned.text;
    else picture_.targets.push_back(name + ": " + pinned.text);
    last = name;
  }
}

void LiveModel::take_loop(const std::string& section, const SectionState& state) {
  const bool is_skipped = state.phase == SectionState::Phase::skipped;
  if (is_skipped || !state.batches.empty())
    passage_.items[section] = std::accumulate(state.batches.begin(), state.batches.end(), std::int64_t{0});
}

void LiveModel::committed(const Event& event, const RunState& state) {
  looked_ahead_at_ms_ = picture_.steps > most_steps_looked_through_each_time ? looked_ahead_at_ms_ : 0;
  if (event.instance.empty()) return take_run(state);
  const bool is_known_now = event.kind == event::section_entered || event.kind == event::section_skipped;
  if (const SectionState* section = state.section(event.instance); section && is_known_now)
    return take_loop(event.instance, *section);
  const auto work = works_.find(event.instance);
  if (work != works_.end() && event.kind != event::asked && event.kind != event::answered) {
    work->second.doing.looks = 0;
    work->second.doing.saw.clear();
    if (event.kind == event::intent) work->second.doing.tail.clear();
  }
  take_step(event.instance, state);
  if (event.kind == event::undone) note_done(event.instance, false);
}

void LiveModel::take_step(const std::string& instance, const RunState& state) {
  const Step* step = runbook_.find_step_of(instance);
  if (!step || step->kind == Step::Kind::watch) return;
  const InstanceState& it = state.of(instance);
  note_done(instance, is_done(it.state) || (it.state == StepState::failed && step->continues_on_failure));
  if (!is_at_work(it)) {
    works_.erase(instance);
    return;
  }
  Work& work = work_of(instance, *step);
  Doing& doing = work.doing;
  doing.what = what_of(instance, it);
  doing.attempt = std::max(1, it.attempts);
  const Question* question = state.open_question(instance);
  doing.since_ms = it.started_at_ms != 0 ? it.started_at_ms : question ? question->asked_at_ms : state.began_at_ms;
  const bool is_looked_at = it.looks_until_ms > 0 && (it.has_exited || it.state == StepState::in_doubt);
  doing.until_ms = it.retry_at_ms ? it.retry_at_ms : is_looked_at ? std::optional(it.looks_until_ms) : it.deadline_ms;
  const bool tells_why = doing.what == Doing::What::retries || doing.what == Doing::What::in_doubt;
  doing.note = question ? question->text : tells_why ? it.why : std::string();
}

LiveModel::Work& LiveModel::work_of(const std::string& instance, const Step& step) {
  const auto [found, is_new] = works_.try_emplace(instance);
  Work& work = found->second;
  if (!is_new) return work;
  work.is_include = step.include != nullptr;
  work.doing.instance = instance;
  work.doing.title = step.title.empty() ? step.id : step.title;
  work.doing.around = around(instance);
  const auto number = numbers_.find(instance.substr(0, instance.find_first_of("[/:")));
  work.doing.number = number == numbers_.end() ? 0 : number->second;
  if (const auto past = past_.find(name_without_keys(instance)); past != past_.end()) work.doing.past = past->second;
  return work;
}

void LiveModel::note_done(const std::string& instance, bool is_done) {
  const bool is_news = is_done ? done_.insert(instance).second : done_.erase(instance) > 0;
  if (is_news) passage_.ended[name_without_keys(instance)] += is_done ? 1 : -1;
}

void LiveModel::saw(const std::string& instance, const std::string& sentence) {
  const auto work = works_.find(instance);
  if (work == works_.end()) return;
  ++work->second.doing.looks;
  work->second.doing.saw = sentence;
}

void LiveModel::wrote(const std::string& instance, std::string_view bytes) {
  const auto work = works_.find(instance);
  if (work == works_.end()) return;
  std::string& tail = work->second.doing.tail;
  if (bytes.size() > most_kept_of_output) bytes.remove_prefix(bytes.size() - most_kept_of_output);
  if (tail.size() + bytes.size() > 2 * most_kept_of_output) tail.erase(0, tail.size() + bytes.size() - most_kept_of_output);
  tail += bytes;
}

LivePicture LiveModel::picture(std::int64_t now_ms) {
  look_ahead(now_ms);
  LivePicture shown = picture_;
  for (const auto& [instance, work] : works_)
    if (!work.is_include) shown.doings.push_back(work.doing);
  std::stable_sort(shown.doings.begin(), shown.doings.end(),
                   [](const Doing& a, const Doing& b) { return a.number < b.number; });
  return shown;
}

void LiveModel::look_ahead(std::int64_t now_ms) {
  if (looked_ahead_at_ms_ != 0 && now_ms - looked_ahead_at_ms_ < 1'000) return;
  looked_ahead_at_ms_ = now_ms;
  picture_.next.clear();
  picture_.rest = {};
  if (picture_.course != LivePicture::Course::forward) return;
  passage_.at_work_since_ms.clear();
  for (const auto& [instance, work] : works_)
    passage_.at_work_since_ms[name_without_keys(instance)].push_back(work.doing.since_ms);
  const WayAhead ahead(runbook_, past_);
  picture_.rest = ahead.rest(passage_, now_ms);
  const std::vector<const Step*> next = ahead.next(passage_, 4);
  for (const Step* step : next)
    picture_.next.push_back(next.size() == 1 && !step->title.empty() ? step->id + "  " + step->title : step->id);
}

// The titles of its sections, in all the runbooks that include it.
std::string LiveModel::around(const std::string& instance) {
  std::string titles;
  const auto add = [&](const std::string& more) { titles += (titles.empty() || more.empty() ? "" : " › ") + more; };
  const Runbook* book = &runbook_;
  const auto parts = parts_of_name(instance.substr(0, instance.rfind(":undo")));
  for (std::size_t i = 0; parts && i < parts->size(); ++i) {
    const Step* step = book->find((*parts)[i].id);
    if (!step) break;
    add(titles_around(*book, *step));
    if (!step->include || i + 1 == parts->size()) break;
    add(step->title);
    book = step->include->runbook.get();
  }
  return titles;
}

const std::string& LiveModel::titles_around(const Runbook& book, const Step& step) {
  const auto [found, is_new] = titles_.try_emplace(&book);
  if (is_new) collect_titles(book.root, "", found->second);
  return found->second[&step];
}

}  // namespace runbook
