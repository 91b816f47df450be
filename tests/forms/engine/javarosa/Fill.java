/* Fills forms by JavaRosa, the engine of phones: commands on standard input, answers on standard output.

   One command a line, its words between tabs and written as in URLs:
   form FILE FOLDER    open the form with the files in the folder; "ok", or "refused" and why
   edit FILE           take over what was sent before (after form); "ok" or "refused" and why
   set PATH TEXT       answer a question, as /data/tre[2]/ten; "ok" or "refused" and why
   walk                swipe through the form: as many rounds of a repeat as an answer says
   add PATH            one more round of a repeat
   write               the XML of all that is relevant                                                            */

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.FormInstance;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceFactory;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xform.util.XFormAnswerDataParser;
import org.javarosa.xform.util.XFormUtils;

public class Fill {
    private static FormDef form;
    private static File folder;

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        System.setErr(System.out);
        new XFormsModule().registerModule();
        PropertyManager.setPropertyManager(new Phone());
        ReferenceManager.instance().addReferenceFactory(new Folder());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t", -1);
            for (int i = 0; i < words.length; i++) words[i] = URLDecoder.decode(words[i], StandardCharsets.UTF_8);
            out.println(answer(words));
        }
    }

    private static String answer(String[] words) {
        try {
            switch (words[0]) {
                case "form": open(words[1], words[2]); return "ok";
                case "edit": edit(words[1]); return "ok";
                case "set": set(words[1], words[2]); return "ok";
                case "walk": walk(); return "ok";
                case "add": add(words[1]); return "ok";
                case "write": return "ok\t" + URLEncoder.encode(written(), StandardCharsets.UTF_8);
                default: return "refused\tunknown command";
            }
        } catch (Exception | StackOverflowError wrong) {
            return "refused\t" + URLEncoder.encode(String.valueOf(wrong), StandardCharsets.UTF_8);
        }
    }

    private static void open(String path, String files) throws Exception {
        folder = new File(files);
        form = null;
        FormDef found;
        try (InputStream in = new FileInputStream(path)) {
            found = XFormUtils.getFormFromInputStream(in);
        }
        found.initialize(true, new InstanceInitializationFactory());
        form = found;
    }

    private static void edit(String path) throws Exception {
        TreeElement sent = XFormParser.restoreDataModel(Files.readAllBytes(Path.of(path)), null).getRoot();
        TreeElement root = form.getMainInstance().getRoot().deepCopy(true);
        root.populate(sent, form);
        form.getMainInstance().setRoot(root);
        form.initialize(false, new InstanceInitializationFactory());
    }

    private static TreeReference reference(String path) {
        TreeReference found = TreeReference.rootRef();
        for (String step : path.substring(1).split("/")) {
            if (step.startsWith("@")) {
                found.add(step.substring(1), TreeReference.INDEX_ATTRIBUTE);
                continue;
            }
            int at = step.indexOf('[');
            String name = at < 0 ? step : step.substring(0, at);
            found.add(name, at < 0 ? 0 : Integer.parseInt(step.substring(at + 1, step.length() - 1)) - 1);
        }
        return found;
    }

    private static void set(String path, String text) {
        TreeReference place = reference(path);
        TreeElement node = form.getMainInstance().resolveReference(place);
        IAnswerData value = text.isEmpty() ? null : XFormAnswerDataParser.getAnswerData(text, node.getDataType());
        form.setValue(value, place, true);
    }

    private static void walk() {
        FormEntryController controller = new FormEntryController(new FormEntryModel(form));
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        while (controller.stepToNextEvent() != FormEntryController.EVENT_END_OF_FORM) { }
    }

    private static void add(String path) throws Exception {
        TreeReference place = reference(path);
        int round = form.getMainInstance().resolveReference(place.getParentRef()).getChildrenWithName(place.getNameLast()).size();
        place.setMultiplicity(place.size() - 1, round);
        FormEntryModel model = new FormEntryModel(form);
        FormEntryController controller = new FormEntryController(model);
        for (controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
             controller.getModel().getEvent() != FormEntryController.EVENT_END_OF_FORM;
             controller.stepToNextEvent()) {
            FormIndex here = model.getFormIndex();
            if (model.getEvent() == FormEntryController.EVENT_PROMPT_NEW_REPEAT && place.equals(here.getReference())) {
                form.createNewRepeat(here);
                return;
            }
        }
        throw new IllegalStateException("no place for a new round of " + path);
    }

    private static String written() throws IOException {
        byte[] xml = new XFormSerializingVisitor().serializeInstance((FormInstance) form.getMainInstance());
        return new String(xml, StandardCharsets.UTF_8);
    }

    /* What a phone says of itself. */
    private static class Phone implements IPropertyManager {
        public List<String> getProperty(String name) { return List.of(getSingularProperty(name)); }

        public void setProperty(String name, String value) { throw new UnsupportedOperationException(); }

        public void setProperty(String name, List<String> value) { throw new UnsupportedOperationException(); }

        public String getSingularProperty(String name) {
            return name.equals("deviceid") ? "collect:tungnha000000000" : "";
        }

        public void addRules(IPropertyRules rules) { throw new UnsupportedOperationException(); }

        public List<IPropertyRules> getRules() { return List.of(); }
    }

    /* jr://file/x and jr://file-csv/x are files of the folder. */
    private static class Folder implements ReferenceFactory {
        public boolean derives(String uri) { return uri.startsWith("jr://file"); }

        public Reference derive(String uri) { return new Stored(uri); }

        public Reference derive(String uri, String context) { return new Stored(uri); }
    }

    private static class Stored implements Reference {
        private final String uri;

        Stored(String uri) { this.uri = uri; }

        private File file() { return new File(folder, uri.substring(uri.lastIndexOf('/') + 1)); }

        public boolean doesBinaryExist() { return file().exists(); }

        public InputStream getStream() throws IOException { return new FileInputStream(file()); }

        public String getURI() { return uri; }

        public boolean isReadOnly() { return true; }

        public OutputStream getOutputStream() { throw new UnsupportedOperationException(); }

        public void remove() { throw new UnsupportedOperationException(); }

        public String getLocalURI() { return file().getPath(); }

        public Reference[] probeAlternativeReferences() { return new Reference[0]; }
    }
}
