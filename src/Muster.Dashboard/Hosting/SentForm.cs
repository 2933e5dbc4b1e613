namespace Muster.Dashboard.Hosting;

/// <summary>Reads what a form sent. What is no form, or none that can be read, is the sender's fault and said so.</summary>
internal static class SentForm
{
    public static async Task<IFormCollection> ReadAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType) throw new BadHttpRequestException("Send a form: Content-Type application/x-www-form-urlencoded or multipart/form-data.", StatusCodes.Status415UnsupportedMediaType);
        try
        {
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (InvalidDataException wrong)
        {
            throw new BadHttpRequestException(wrong.Message, StatusCodes.Status400BadRequest, wrong);
        }
    }
}
