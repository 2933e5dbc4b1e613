using System.CommandLine;
using Muster.Contracts.Work;
using Muster.Terminals;

namespace Muster.Commands;

internal static class TaskAdd
{
    public static Command Create()
    {
        var title = new Argument<string>("title") { Description = "What is to be done, in a line" };
        var project = new Option<string?>("--project") { Description = "Key of its project; the only one when left out", HelpName = "KEY" };
        var description = new Option<string?>("--description", "-d") { Description = "What an agent needs to know; - reads standard input" };
        var epic = new Option<int?>("--epic") { Description = "Number of its epic", HelpName = "N" };
        var labels = new Option<string[]>("--label") { Description = "A label; may be given several times", AllowMultipleArgumentsPerToken = false };
        var priority = new Option<int?>("--priority") { Description = "1 (most urgent) to 5", HelpName = "N" };
        var role = new Option<string?>("--role") { Description = "Role of the agent that shall take it" };
        var hours = new Option<double?>("--hours") { Description = "Estimate", HelpName = "H" };
        var contract = new Option<string?>("--contract") { Description = "What done needs; the project's when left out" };
        var approval = new Option<bool>("--approval") { Description = "A person must approve its pull request" };
        var after = new Option<string[]>("--after") { Description = "Task that must be done first; may be given several times", HelpName = "TASK" };
        return new Command("add", "Add a task").With(title, project, description, epic, labels, priority, role, hours, contract, approval, after).Does(async call =>
        {
            var task = await call.Muster.CreateTaskAsync(new CreateTask
            {
                Project = call.Get(project) ?? await OnlyProjectAsync(call),
                Title = call.Get(title),
                Description = call.Get(description) is "-" ? await Console.In.ReadToEndAsync(call.Stop) : call.Get(description),
                Epic = call.Get(epic),
                Labels = call.Get(labels),
                Priority = call.Get(priority),
                Role = call.Get(role),
                EstimateHours = call.Get(hours),
                Contract = call.Get(contract),
                NeedsApproval = call.Get(approval) ? true : null,
                DependsOn = call.Get(after),
            }, ct: call.Stop);
            call.Terminal.Document(task);
            call.Terminal.Line($"{task.Key} added: {Plain.Line(task.Title)}");
        });
    }

    internal static async Task<string> OnlyProjectAsync(Call call)
    {
        var projects = await call.Muster.ListProjectsAsync(limit: 2, ct: call.Stop);
        return projects.Items.Count switch
        {
            1 => projects.Items[0].Key,
            0 => throw new CommandException("There is no project yet.", "Add one: muster project add PATH"),
            _ => throw new CommandException("There are several projects; say which one.", "--project KEY (muster project list shows them)") { Code = ExitCodes.BadUsage },
        };
    }
}
