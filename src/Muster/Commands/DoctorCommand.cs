using System.CommandLine;
using Muster.Diagnosis;
using Muster.Terminals;

namespace Muster.Commands;

internal static class DoctorCommand
{
    public static Command Create() => new Command("doctor", "Whether this machine and the plane are fit for work, and what to mend").Does(async call =>
    {
        var findings = await Doctor.ExamineAsync(call);
        var fit = findings.All(finding => finding.Status != "fail");
        call.Terminal.Document(new { fit, findings });
        var grid = new Grid("", "WHAT", "FOUND");
        foreach (var finding in findings) grid.Row(Cell.State(finding.Status), finding.Name, finding.Detail);
        grid.WriteTo(call.Terminal, "");
        return fit ? ExitCodes.Done : ExitCodes.Failed;
    });
}
