using System.Globalization;
using System.Text;
using Muster.Contracts.Delivery;
using Muster.ControlPlane.Delivery.Git;

namespace Muster.ControlPlane.Delivery.Evaluations;

/// <summary>An evaluation in words, for who decides about the proposal. Pure.</summary>
internal static class EvaluationText
{
    public static string Sentence(EvaluationInfo info) => string.Create(CultureInfo.InvariantCulture,
        $"of {info.Tasks.Count} recorded {(info.Tasks.Count == 1 ? "task" : "tasks")}, {info.Before.Passed} passed with the role {info.Role} as it is and {info.After.Passed} as proposed; tokens {info.Before.Tokens:N0} before, {info.After.Tokens:N0} after");

    public static string Table(EvaluationInfo info)
    {
        var text = new StringBuilder($"Evaluation at {GitText.Brief(info.HeadSha)}: {Sentence(info)}.\n\n| task | role | outcome | checks | calls | tokens | US$ | seconds |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var task in info.Tasks)
        {
            Line(text, task.Task, "before", task.Before.Outcome ?? "", new Figures(task.Before.Checks, task.Before.ChecksPassed, task.Before.Calls, task.Before.Tokens, task.Before.Usd, task.Before.Seconds));
            Line(text, "", "after", task.After.Outcome ?? "", new Figures(task.After.Checks, task.After.ChecksPassed, task.After.Calls, task.After.Tokens, task.After.Usd, task.After.Seconds));
        }

        foreach (var (name, side, sum) in ((string, string, EvaluationSum)[])[("all", "before", info.Before), ("", "after", info.After)])
            Line(text, name, side, $"{sum.Passed} of {info.Tasks.Count} passed", new Figures(sum.Checks, sum.ChecksPassed, sum.Calls, sum.Tokens, sum.Usd, sum.Seconds));
        return text.ToString();
    }

    private static void Line(StringBuilder text, string task, string side, string outcome, Figures f) => text.Append(CultureInfo.InvariantCulture,
        $"| {task} | {side} | {outcome} | {f.Passed}/{f.Checks} | {f.Calls} | {f.Tokens:N0} | {f.Usd:0.0000} | {f.Seconds:0} |\n");

    private sealed record Figures(int Checks, int Passed, int Calls, long Tokens, double Usd, double Seconds);
}
