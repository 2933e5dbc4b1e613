using Muster.Contracts.Work;
using Muster.Runner.Builtin.Chat;
using Muster.Runner.Executors;

namespace Muster.Runner.Builtin;

/// <summary>How an attempt ends for which there are no more answers. Money and providers are no fault of the task's.</summary>
internal static class GatewayEndings
{
    public static ExecutionResult Of(GatewayException error, Func<string, string> clean)
    {
        var said = clean(error.Message);
        return error.Failure switch
        {
            GatewayFailure.Budget => Released(WaitingCodes.Budget, said, WaitingCodes.Budget, error.RetryAfter),
            GatewayFailure.ProviderDown or GatewayFailure.Broken => Released(WaitingCodes.ProviderDown, said, WaitingCodes.ProviderDown, error.RetryAfter),
            GatewayFailure.ModelsOff => Released("models_off", said, WaitingCodes.ProviderDown),
            GatewayFailure.LeaseLost => Released("lease_lost", said, waitFor: null),
            GatewayFailure.TooLong => ExecutionResult.Failed($"The conversation does not fit the model: {said}"),
            _ => ExecutionResult.Failed($"The model gateway refused the question: {said}"),
        };
    }

    private static ExecutionResult Released(string code, string said, string? waitFor, TimeSpan? wait = null) =>
        new() { Ending = Ending.Released, Reason = $"{code}: {said}", WaitFor = waitFor, Wait = wait };
}
