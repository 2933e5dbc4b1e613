using System.CommandLine;
using System.Text.Json;
using Muster.Contracts;
using Muster.Contracts.Events;
using Muster.Terminals;

namespace Muster.Commands;

internal static class BusCommand
{
    private static readonly Argument<string> Subject = new("subject") { Description = "Such as agents.FLT.review; listening takes * for one word and > for all that follow" };
    private static readonly Argument<string> Data = new("data") { Description = "JSON; anything else is sent as text", DefaultValueFactory = _ => "null" };

    public static Command Create()
    {
        var timeout = new Option<double>("--timeout") { Description = "How long to wait for the answer", DefaultValueFactory = _ => 5, HelpName = "SECONDS" };
        return new Command("bus", "Messages among agents: at most once, kept nowhere").With(
            new Command("publish", "Say something to whoever listens now").With(Subject, Data).Does(async call =>
            {
                var said = await call.Muster.PublishMessageAsync(new PublishMessage { Subject = call.Get(Subject), Data = Json(call.Get(Data)) }, ct: call.Stop);
                call.Terminal.Document(said);
                call.Terminal.Line($"{said.Listeners} listeners at this plane{(said.Forwarded ? "; handed on to the others" : "")}");
            }),
            new Command("request", "Ask whoever listens, and show the first answer").With(Subject, Data, timeout).Does(async call =>
            {
                var question = new RequestMessage { Subject = call.Get(Subject), Data = Json(call.Get(Data)), TimeoutSeconds = call.Get(timeout) };
                Show(call, await call.Muster.RequestMessageAsync(question, ct: call.Stop));
            }),
            new Command("subscribe", "Show messages as they come, until Ctrl-C").With(Subject).Does(async call =>
            {
                await foreach (var message in call.Muster.FollowMessagesAsync(call.Get(Subject), ct: call.Stop)) Show(call, message);
            }));
    }

    private static void Show(Call call, MessageInfo message)
    {
        call.Terminal.DocumentLine(message);
        call.Terminal.Line($"{message.Subject}  {message.From ?? "-"}  {Plain.Line(message.Data?.GetRawText() ?? "")}");
    }

    private static JsonElement Json(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text, Wire.Json);
        }
    }
}
